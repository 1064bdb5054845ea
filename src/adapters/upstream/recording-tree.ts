import { childPath, listingDigest } from "#core/source/read-set.ts";
import type { FileTree, TreeEntry } from "#core/source/file-tree.ts";
import type { ReadRecord, ReadSet } from "#core/source/read-set.ts";
import { TreeContents } from "./tree-contents.ts";
import { UpstreamError } from "./upstream-error.ts";

/** What is at a path once links are followed; `real` is the path without links. */
export type Located =
  { readonly type: "file" | "directory"; readonly real: string } | { readonly type: "absent"; readonly real: string };

/** A child as it is listed, links not followed. */
export interface ListedChild {
  readonly name: string;
  readonly type: TreeEntry["type"];
}

const maxLinkHops = 40;
const maxChildren = 50_000;

/**
 * A tree that remembers everything that was learned from it. `overlay` files stand before the tree's own and are not
 * recorded: they belong to the question, not to the tree.
 */
export class RecordingTree {
  readonly #tree: FileTree;
  readonly #overlay: ReadonlyMap<string, Uint8Array>;
  readonly #overlayDirectories: ReadonlySet<string>;
  readonly #contents: TreeContents;
  readonly #records = new Map<string, ReadRecord>();

  constructor(tree: FileTree, overlay: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#tree = tree;
    this.#overlay = overlay;
    this.#overlayDirectories = new Set([...overlay.keys()].flatMap(parentsOf));
    this.#contents = new TreeContents(tree);
  }

  /** What is at `path`. @throws UpstreamError when the path leaves the tree, runs in circles or enters a submodule. */
  async look(path: string, signal: AbortSignal): Promise<Located> {
    const located = await this.#locate(path, signal);
    if (located.type === "directory" && !this.#overlayDirectories.has(located.real)) {
      this.#record({ kind: "directory", path: located.real, digest: "" });
    }
    if (located.type === "file") this.#recordFile(located.real);
    return located;
  }

  /** What is at `path`, with its content when it is a file. @throws UpstreamError also when a file is over the size cap. */
  async read(path: string, signal: AbortSignal): Promise<{ located: Located; content?: Uint8Array }> {
    const located = await this.look(path, signal);
    if (located.type !== "file") return { located };
    const shadowing = this.#overlay.get(located.real);
    return { located, content: shadowing ?? (await this.#contents.read(located.real, signal)) };
  }

  /** What is at `path`, with its children when it is a directory. */
  async list(path: string, signal: AbortSignal): Promise<{ located: Located; children: readonly ListedChild[] }> {
    const located = await this.#locate(path, signal);
    if (located.type !== "directory") return { located, children: [] };
    const { real } = located;
    if (this.#tree.children(real).length > maxChildren) {
      throw refusedPath("too-large", real, `has more than ${maxChildren} files in one folder`);
    }
    this.#record({ kind: "directory", path: real, digest: listingDigest(this.#tree, real) });
    const names = new Set(this.#tree.children(real));
    for (const shadowing of [...this.#overlay.keys(), ...this.#overlayDirectories]) {
      if (shadowing !== "" && parentOf(shadowing) === real)
        names.add(shadowing.slice(real === "" ? 0 : real.length + 1));
    }
    const children = [...names]
      .sort()
      .map((name) => ({ name, type: this.#entry(childPath(real, name))?.type ?? "file" }));
    return { located, children };
  }

  /** Everything that was learned so far. */
  readSet(): ReadSet {
    const order = (record: ReadRecord) => `${record.path}\0${record.kind}`;
    return [...this.#records.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
  }

  async #locate(path: string, signal: AbortSignal): Promise<Located> {
    const pending = path.split("/").reverse();
    let real = "";
    for (let hops = 0; pending.length > 0;) {
      const name = pending.pop()!;
      if (name === "" || name === ".") continue;
      if (name === "..") {
        if (real === "") throw refusedPath("outside-tree", path, "leaves the repository");
        real = parentOf(real);
        continue;
      }
      const next = childPath(real, name);
      const entry = this.#entry(next);
      if (entry === undefined) return this.#absentAt(next);
      if (entry.type === "module")
        throw refusedPath("submodule", path, `is in the submodule ${next}, which was not fetched`);
      if (entry.type === "link") {
        if (++hops > maxLinkHops) throw refusedPath("link-loop", path, "follows links in a circle");
        pending.push(...(await this.#linkTarget(next, signal)).split("/").reverse());
        continue;
      }
      real = next;
      if (entry.type === "file") {
        if (pending.every((rest) => rest === "" || rest === ".")) return { type: "file", real };
        this.#recordFile(real);
        return { type: "absent", real };
      }
    }
    return { type: "directory", real };
  }

  #absentAt(path: string): Located {
    this.#record({ kind: "absent", path, digest: "" });
    return { type: "absent", real: path };
  }

  async #linkTarget(path: string, signal: AbortSignal): Promise<string> {
    this.#recordFile(path);
    const target = new TextDecoder().decode(await this.#contents.read(path, signal));
    if (target.startsWith("/")) throw refusedPath("outside-tree", path, "is a link to an absolute path");
    return target;
  }

  #entry(path: string): Pick<TreeEntry, "type"> | undefined {
    if (this.#overlay.has(path)) return { type: "file" };
    const entry = this.#tree.entry(path);
    return entry === undefined && this.#overlayDirectories.has(path) ? { type: "directory" } : entry;
  }

  #recordFile(path: string): void {
    const entry = this.#tree.entry(path);
    if (this.#overlay.has(path) || entry === undefined) return;
    this.#record({ kind: entry.type === "link" ? "link" : "file", path, digest: entry.digest });
  }

  /** A listing says more than that a directory exists. */
  #record(record: ReadRecord): void {
    const key = `${record.path}\0${record.kind}`;
    if (record.digest !== "" || !this.#records.has(key)) this.#records.set(key, record);
  }
}

function refusedPath(code: string, path: string, problem: string): UpstreamError {
  return new UpstreamError({ code, message: `${JSON.stringify(path)} ${problem}` });
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function parentsOf(path: string): string[] {
  const parent = parentOf(path);
  return parent === "" ? [""] : [parent, ...parentsOf(parent)];
}
