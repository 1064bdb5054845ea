import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gitFailure } from "./git-error.ts";
import { localEnvironment } from "./git-environment.ts";
import type { GitPlace, GitSurroundings } from "./git-environment.ts";
import { runGit } from "./git-process.ts";

const pinPrefix = "refs/holdfast/";

/**
 * One bare object store on disk. Fetching uses `writing`, whose configuration admits missing blobs; everything else uses
 * `reading`, which has the same objects and no remote, so that it cannot fetch what is missing.
 */
export class ObjectStore {
  readonly root: string;
  readonly writing: GitPlace;
  readonly reading: GitPlace;
  readonly #surroundings: GitSurroundings;
  #compactedBytes = 0;

  constructor(root: string, surroundings: GitSurroundings) {
    this.root = root;
    this.#surroundings = surroundings;
    const objects = join(root, "fetch.git", "objects");
    this.writing = { gitDir: join(root, "fetch.git"), objects };
    this.reading = { gitDir: join(root, "read.git"), objects };
  }

  /** Creates the store, or clears away what a killed process left in it. Returns the commits that it holds. */
  async open(signal: AbortSignal): Promise<readonly string[]> {
    await writeLayout(this.writing.gitDir, partialConfig);
    await writeLayout(this.reading.gitDir, plainConfig);
    await this.removeLeftovers();
    const exit = await this.#local(["for-each-ref", "--format=%(refname)", pinPrefix], signal);
    const names = exit.stdout
      .toString("utf8")
      .split("\n")
      .filter((name) => name !== "");
    const commits = names.map((name) => name.slice(pinPrefix.length));
    // A pin that a crash cut short would stand in the way of a new one.
    const pins = join(this.writing.gitDir, pinPrefix);
    for (const name of await namesIn(pins)) if (!commits.includes(name)) await rm(join(pins, name), { force: true });
    return commits;
  }

  /** Whether what is on disk is whole: every pack, and every tree of the given commits. */
  async isSound(commits: readonly string[], signal: AbortSignal): Promise<boolean> {
    const folder = join(this.writing.objects, "pack");
    const { packs } = await this.#packs();
    const indexes = packs.filter((name) => name.endsWith(".idx")).map((name) => join(folder, name));
    const verified = indexes.length === 0 || (await this.#local(["verify-pack", "--", ...indexes], signal)).code === 0;
    for (const commit of verified ? commits : []) {
      const env = localEnvironment(this.#surroundings, this.reading);
      const exit = await runGit(
        { args: ["ls-tree", "-r", "-t", "--", commit], env, onOutput: () => {}, maxOutputBytes: Infinity },
        signal,
      );
      if (exit.code !== 0) return false;
    }
    return verified;
  }

  /** Throws everything away and begins with an empty store. */
  async clear(): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
    await writeLayout(this.writing.gitDir, partialConfig);
    await writeLayout(this.reading.gitDir, plainConfig);
    this.#compactedBytes = 0;
  }

  /** Removes locks and half-written packs. Nothing else may be writing to the store. */
  async removeLeftovers(): Promise<void> {
    for (const name of await namesIn(this.writing.gitDir)) {
      if (name.endsWith(".lock")) await rm(join(this.writing.gitDir, name), { force: true });
    }
    const refs = join(this.writing.gitDir, pinPrefix);
    for (const name of await namesIn(refs)) if (name.endsWith(".lock")) await rm(join(refs, name), { force: true });
    for (const folder of [this.writing.objects, join(this.writing.objects, "pack")]) {
      for (const name of await namesIn(folder)) {
        if (/^(\.?tmp_|tmp_obj_)/.test(name)) await rm(join(folder, name), { recursive: true, force: true });
      }
    }
  }

  /** Where a fetched commit is pinned. */
  pinName(commit: string): string {
    return `${pinPrefix}${commit}`;
  }

  /** Points pins at their commits; `remove` lists names of references to delete. */
  async pin(commits: readonly string[], remove: readonly string[], signal: AbortSignal): Promise<void> {
    const lines = [
      ...remove.map((name) => `delete ${name}\n`),
      ...commits.map((commit) => `update ${this.pinName(commit)} ${commit}\n`),
    ];
    if (lines.length === 0) return;
    const exit = await this.#local(["update-ref", "--stdin"], signal, lines.join(""));
    if (exit.code !== 0) throw gitFailure("record commits", exit.stderr);
  }

  /** Whether packs have piled up enough to be worth rewriting. */
  async isBloated(maxPacks: number): Promise<boolean> {
    const { packs, bytes } = await this.#packs();
    return (
      packs.filter((name) => name.endsWith(".pack")).length > maxPacks || bytes > 2 * this.#compactedBytes + (64 << 20)
    );
  }

  /** Keeps what the given commits need and drops the rest. No reader may be running. */
  async compact(keep: readonly string[], signal: AbortSignal): Promise<void> {
    const before = await this.#packs();
    const listed = await this.#local(
      ["rev-list", "--objects", "--no-walk=unsorted", "--missing=allow-any", "--no-object-names", "--stdin"],
      signal,
      `${keep.join("\n")}\n`,
    );
    if (listed.code !== 0) throw gitFailure("compact the store", listed.stderr);
    const packed = await runGit(
      {
        args: ["pack-objects", "-q", "--delta-base-offset", join(this.writing.objects, "pack", "pack")],
        env: localEnvironment(this.#surroundings, this.reading),
        input: listed.stdout,
      },
      signal,
    );
    if (packed.code !== 0) throw gitFailure("compact the store", packed.stderr);
    const name = `pack-${packed.stdout.toString("utf8").trim()}`;
    await writeFile(join(this.writing.objects, "pack", `${name}.promisor`), "");
    await this.#dropAllBut({ pack: name, commits: keep }, before.packs, signal);
    this.#compactedBytes = (await this.#packs()).bytes;
  }

  async #dropAllBut(
    kept: { pack: string; commits: readonly string[] },
    oldPacks: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const listed = await this.#local(["for-each-ref", "--format=%(refname)"], signal);
    const pins = new Set(kept.commits.map((commit) => this.pinName(commit)));
    const dropped = listed.stdout
      .toString("utf8")
      .split("\n")
      .filter((name) => name !== "" && !pins.has(name));
    await this.pin([], dropped, signal);
    // After the references, because a commit that is neither shallow nor whole would break every fetch.
    const shallow = join(this.writing.gitDir, "shallow");
    const lines = kept.commits.map((commit) => `${commit}\n`).toSorted();
    await writeFile(`${shallow}.new`, lines.join(""));
    await rename(`${shallow}.new`, shallow);
    for (const name of oldPacks) {
      if (!name.startsWith(`${kept.pack}.`)) await rm(join(this.writing.objects, "pack", name), { force: true });
    }
    for (const name of await namesIn(this.writing.objects)) {
      if (/^[0-9a-f]{2}$/.test(name)) await rm(join(this.writing.objects, name), { recursive: true, force: true });
    }
  }

  async #packs(): Promise<{ packs: readonly string[]; bytes: number }> {
    const folder = join(this.writing.objects, "pack");
    const packs = (await namesIn(folder)).filter((name) => name.startsWith("pack-"));
    let bytes = 0;
    for (const name of packs) bytes += (await stat(join(folder, name))).size;
    return { packs, bytes };
  }

  #local(args: readonly string[], signal: AbortSignal, input = "") {
    return runGit({ args, env: localEnvironment(this.#surroundings, this.writing), input }, signal);
  }
}

const partialConfig =
  '[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tpartialClone = origin\n[remote "origin"]\n\tpromisor = true\n';
const plainConfig = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n";

async function writeLayout(gitDir: string, config: string): Promise<void> {
  await mkdir(join(gitDir, "refs"), { recursive: true, mode: 0o700 });
  await mkdir(join(gitDir, "objects", "pack"), { recursive: true, mode: 0o700 });
  await writeFile(join(gitDir, "HEAD"), "ref: refs/heads/none\n");
  await writeFile(join(gitDir, "config"), config);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
