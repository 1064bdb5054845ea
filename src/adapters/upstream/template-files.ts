import type { TemplateFile } from "#core/app/render-spec.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { isPathPattern, pathMatcher, plainBeginning } from "#core/source/generator/path-glob.ts";
import { folderOfNamed } from "#core/source/named-sources.ts";
import { childPath, type ReadSet } from "#core/source/read-set.ts";
import { placeOfBase, type RemoteBase } from "#core/source/remote-base.ts";
import { readSetBelow, subtree } from "#core/source/subtree.ts";
import { RecordingTree } from "./recording-tree.ts";
import { UpstreamError } from "./upstream-error.ts";

/** A file for a chart, by the name that errors call it. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/** Where files for a chart are: its own source's, and the tree that holds those of others beside. */
export interface TemplateTrees {
  readonly own: FileTree;
  readonly whole: FileTree;
}

const maxFiles = 1_000;

/** Reads the files for a chart, each in a tree that nothing leads out of, and notes what was learned of them. */
export class TemplateFiles {
  readonly #whole: FileTree;
  readonly #trees = new Map<string, RecordingTree>();
  readonly #own: RecordingTree;
  readonly #bases = new Map<string, RemoteBase>();

  constructor({ own, whole }: TemplateTrees) {
    this.#whole = whole;
    this.#own = new RecordingTree(own);
  }

  /** The files that names and patterns stand for, in their order; a name that is given itself is no match of a pattern. */
  async all(
    files: readonly TemplateFile[],
    { ignoreMissing }: { ignoreMissing: boolean },
    signal: AbortSignal,
  ): Promise<readonly NamedText[]> {
    const given = new Set(files.filter((file) => !isPattern(file)).map(nameOf));
    const found = new Map<string, NamedText>();
    for (const file of files) {
      if (found.size > maxFiles) throw refused("too-many", `more than ${maxFiles} values files`);
      if (!isPattern(file)) {
        const read = await this.#read(file, signal);
        if (!read && !ignoreMissing) throw missing(file);
        if (read && !found.has(read.name)) found.set(read.name, read);
        continue;
      }
      const matches = await this.#matches(file, signal);
      if (matches.length === 0 && !ignoreMissing) {
        throw refused("missing-values", `values file glob ${JSON.stringify(nameOf(file))} matched no files`);
      }
      for (const match of matches.filter((one) => !given.has(nameOf(one)))) {
        const read = await this.#read(match, signal);
        if (read && !found.has(read.name)) found.set(read.name, read);
      }
    }
    return [...found.values()];
  }

  /** One file. @throws UpstreamError when there is none */
  async one(file: TemplateFile, signal: AbortSignal): Promise<string> {
    const read = await this.#read(file, signal);
    if (!read) throw missing(file);
    return read.text;
  }

  /** What was learned of the trees; `ownReads`: also of the source's own. */
  readSet(ownReads: boolean): ReadSet {
    const others = [...this.#trees].flatMap(([folder, tree]) => readSetBelow(folder, tree.readSet()));
    return ownReads ? [...this.#own.readSet(), ...others] : others;
  }

  /** Files at addresses that were taken. */
  bases(): readonly RemoteBase[] {
    return [...this.#bases.values()];
  }

  async #read(file: TemplateFile, signal: AbortSignal): Promise<NamedText | null> {
    const { tree, path } = this.#placeOf(file);
    const { content } = await tree.read(path, signal);
    return content === undefined ? null : { name: nameOf(file), text: new TextDecoder().decode(content) };
  }

  #placeOf(file: TemplateFile): { tree: RecordingTree; path: string } {
    if ("url" in file) {
      const base = { kind: "file", url: file.url, ref: "", noSubmodules: false } as const;
      const place = placeOfBase(base);
      if (this.#whole.entry(place) === undefined) throw new MissingFile(base);
      this.#bases.set(place, base);
      const at = place.lastIndexOf("/");
      return { tree: this.#below(place.slice(0, at)), path: place.slice(at + 1) };
    }
    const { source, path } = file;
    return { tree: source === null ? this.#own : this.#below(folderOfNamed(source)), path };
  }

  #below(folder: string): RecordingTree {
    const known = this.#trees.get(folder) ?? new RecordingTree(subtree(this.#whole, folder));
    this.#trees.set(folder, known);
    return known;
  }

  async #matches(file: Pattern, signal: AbortSignal): Promise<readonly Pattern[]> {
    const { tree } = this.#placeOf(file);
    const matches = pathMatcher(file.path);
    const found: string[] = [];
    const walk = async (folder: string): Promise<void> => {
      const { children } = await tree.list(folder, signal);
      for (const { name, type } of children) {
        const path = childPath(folder, name);
        if (type === "directory") await walk(path);
        else if (matches(path)) found.push(path);
      }
    };
    await walk(plainBeginning(file.path));
    return found.toSorted().map((path) => ({ source: file.source, path }));
  }
}

type Pattern = Extract<TemplateFile, { readonly path: string }>;

/** Thrown for a file at an address that the tree does not have. */
export class MissingFile extends Error {
  override readonly name = "MissingFile";
  readonly base: RemoteBase;

  constructor(base: RemoteBase) {
    super("the file of an address is not here");
    this.base = base;
  }
}

function isPattern(file: TemplateFile): file is Pattern {
  return "path" in file && isPathPattern(file.path);
}

function nameOf(file: TemplateFile): string {
  if ("url" in file) return file.url.replace(/\/\/[^/@]*@/, "//").replace(/\?.*$/, "");
  return file.source === null ? file.path : `$${file.source}/${file.path}`;
}

function missing(file: TemplateFile): UpstreamError {
  return refused("missing-values", `${nameOf(file)}: no such file`);
}

function refused(code: string, message: string): UpstreamError {
  return new UpstreamError({ code, message });
}
