import { cleanPath } from "../clean-path.ts";
import { composedTree } from "../composed-tree.ts";
import type { FileTree } from "../file-tree.ts";
import { memoryTree } from "../memory-tree.ts";
import { childPath } from "../read-set.ts";
import type { CopyStep } from "./generator-ref.ts";
import type { InputContent } from "./generator.ts";
import { namedPath } from "./generator-paths.ts";
import { filesMatching, isPathPattern, pathMatcher, pathsNamed, plainBeginning } from "./path-glob.ts";

/** What copying needs besides files. */
export interface CopyTools {
  /** One YAML file with another merged into it, as values of charts are. */
  mergedYaml(base: Uint8Array, overlay: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /** The files of a tar.gz. */
  unpacked(archive: Uint8Array, signal: AbortSignal): Promise<FileTree>;
}

/** What was copied cannot be: the message names the step. */
export class CopyError extends Error {
  override readonly name = "CopyError";
}

interface Leaf {
  readonly tree: FileTree;
  readonly path: string;
}

interface Copying {
  readonly step: CopyStep;
  readonly tree: FileTree;
  readonly pattern: string;
  /** Where it goes, without dots. */
  readonly target: string;
  readonly staged: Staged;
  readonly tools: CopyTools;
}

const maxFiles = 200_000;

/** What was copied up to now. */
class Staged {
  readonly files = new Map<string, Leaf>();
  readonly folders = new Set<string>([""]);

  /** @throws Error where a file and a folder would be at one place */
  put(path: string, leaf: Leaf): void {
    if (this.folders.has(path)) throw new Error(`'${path}' is a directory already`);
    if (this.files.size >= maxFiles) throw new Error(`there are more than ${maxFiles} files`);
    for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) {
      const folder = path.slice(0, at);
      if (this.files.has(folder)) throw new Error(`'${folder}' is a file already`);
      this.folders.add(folder);
    }
    this.files.set(path, leaf);
  }
}

/**
 * The files that steps copy, one step after the other, as the command `cp` would: a folder becomes one in the target, what a
 * pattern names keeps its path, and `<folder>/**` copies what is in the folder. Contents stay where they are.
 * @throws CopyError naming the step; what the tools and trees throw
 */
export async function copiedTree(
  steps: readonly CopyStep[],
  { inputs, tools }: { readonly inputs: ReadonlyMap<string, InputContent>; readonly tools: CopyTools },
  signal: AbortSignal,
): Promise<FileTree> {
  const staged = new Staged();
  for (const step of steps) {
    signal.throwIfAborted();
    try {
      await copy({ ...placeOf(step, inputs), step, staged, tools }, signal);
    } catch (error) {
      signal.throwIfAborted();
      const why = error instanceof Error ? error.message : String(error);
      const what = `failed to apply copy operation from '${step.from}' to '${step.to}'`;
      throw new CopyError(`${what}: ${why}`, { cause: error });
    }
  }
  const keeps = () => true;
  return composedTree([...staged.files].map(([to, { tree, path }]) => ({ tree, from: path, to, keeps })));
}

function placeOf(
  { from, to }: CopyStep,
  inputs: ReadonlyMap<string, InputContent>,
): Pick<Copying, "tree" | "pattern" | "target"> {
  const [source, target] = [namedPath(from), namedPath(to)];
  const tree = source && inputs.get(source.name)?.tree;
  if (!source || !tree) throw new Error(`source alias '${source?.name ?? from}' not found`);
  if (!target || target.name !== "artifact") throw new Error("destination must start with '@artifact/'");
  if (target.path.split("/").includes("..")) throw new Error("destination path must not contain '..'");
  return { tree, pattern: source.path, target: cleanPath(target.path) };
}

async function copy(copying: Copying, signal: AbortSignal): Promise<void> {
  const { step, tree, pattern } = copying;
  if (!isPathPattern(pattern)) return await copyOne(copying, signal);
  const base = plainBeginning(pattern);
  const named = step.strategy === "extract" ? filesMatching(tree, pattern) : pathsNamed(tree, pattern);
  if (named.length === 0) throw new Error(`no files match pattern '${pattern}'`);
  const isExcluded = excluder(step, base);
  const chosen = named.filter((path) => !isExcluded(path));
  if (chosen.length === 0) throw new Error(`all files matching pattern '${pattern}' were excluded`);
  const prefix = pattern.endsWith("/**") ? `${pattern.slice(0, -3)}/` : "";
  for (const path of chosen) {
    if (step.strategy === "extract") {
      if (isArchive(path)) await extract(copying, path, signal);
      continue;
    }
    const inner = prefix !== "" && path.startsWith(prefix) ? path.slice(prefix.length) : path;
    await place(copying, { from: path, to: join(copying.target, inner), isExcluded }, signal);
  }
}

/** A file or folder by its name. */
async function copyOne(copying: Copying, signal: AbortSignal): Promise<void> {
  const { step, tree, target, staged } = copying;
  const path = cleanPath(copying.pattern);
  const type = tree.entry(path)?.type;
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (type === "directory") {
    if (step.strategy === "extract")
      throw new Error(`extract strategy is not supported for directories, got '${path}'`);
    return await place(copying, { from: path, to: join(target, name), isExcluded: excluder(step, path) }, signal);
  }
  if (type !== "file") throw new Error(`source '${path}' does not exist`);
  const isExcluded = excluder(step, "");
  if (isExcluded(path)) return;
  if (step.strategy === "extract") {
    if (isArchive(path)) return await extract(copying, path, signal);
    throw new Error(`extract strategy requires tarball file (.tar.gz or .tgz), got '${path}'`);
  }
  const intoFolder = step.to.endsWith("/") || target === "" || staged.folders.has(target);
  await place(copying, { from: path, to: intoFolder ? join(target, name) : target, isExcluded }, signal);
}

interface Placing {
  readonly from: string;
  readonly to: string;
  readonly isExcluded: (path: string) => boolean;
}

/** Puts a file, or all files of a folder that are not excluded, in their places. */
async function place(copying: Copying, { from, to, isExcluded }: Placing, signal: AbortSignal): Promise<void> {
  const { tree, staged, step } = copying;
  const type = tree.entry(from)?.type;
  if (type === "directory") {
    for (const name of tree.children(from)) {
      const inner = childPath(from, name);
      if (!isExcluded(inner)) await place(copying, { from: inner, to: join(to, name), isExcluded }, signal);
    }
    return;
  }
  if (type !== "file") return;
  const before = step.strategy === "merge" ? staged.files.get(to) : undefined;
  const leaf = { tree, path: from };
  staged.put(to, before ? await merged(copying.tools, { before, leaf, to }, signal) : leaf);
}

async function merged(
  tools: CopyTools,
  { before, leaf, to }: { before: Leaf; leaf: Leaf; to: string },
  signal: AbortSignal,
): Promise<Leaf> {
  const content = await tools.mergedYaml(await contentOf(before, signal), await contentOf(leaf, signal), signal);
  return { tree: memoryTree({ [to]: content }), path: to };
}

async function extract({ tree, tools, target, staged }: Copying, path: string, signal: AbortSignal): Promise<void> {
  const inner = await tools.unpacked(await contentOf({ tree, path }, signal), signal);
  const walk = (folder: string) => {
    for (const name of inner.children(folder)) {
      const at = childPath(folder, name);
      if (inner.entry(at)?.type === "directory") walk(at);
      else staged.put(join(target, at), { tree: inner, path: at });
    }
  };
  walk("");
}

async function contentOf({ tree, path }: Leaf, signal: AbortSignal): Promise<Uint8Array> {
  return (await tree.read([path], signal)).get(path) ?? new Uint8Array();
}

/** Patterns count from the root of the input and from where the step begins; one without a slash, for names anywhere. */
function excluder({ exclude }: CopyStep, base: string): (path: string) => boolean {
  if (exclude.length === 0) return () => false;
  const patterns = exclude.map((pattern) => ({ matches: pathMatcher(pattern), isName: !pattern.includes("/") }));
  const excludes = (path: string) => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    return patterns.some(({ matches, isName }) => matches(path) || (isName && matches(name)));
  };
  return (path) => excludes(path) || (path.startsWith(`${base}/`) && excludes(path.slice(base.length + 1)));
}

function isArchive(path: string): boolean {
  return /\.(tgz|tar\.gz)$/i.test(path);
}

function join(folder: string, name: string): string {
  return cleanPath(`${folder}/${name}`);
}
