import type { DirectorySpec, JsonnetSpec } from "#core/app/render-spec.ts";
import { globMatches } from "#core/policy/glob.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { childPath, type ReadSet } from "#core/source/read-set.ts";
import { listedObjects, manifestsOf, type PlacedObject } from "./directory-objects.ts";
import type { HelperPools } from "./helper-pools.ts";
import { jsonnetEval } from "./jsonnet-eval.ts";
import { RecordingTree } from "./recording-tree.ts";
import { UpstreamError } from "./upstream-error.ts";
import { yamlDecode, type YamlFile } from "./yaml-decode.ts";

/** A file with this comment holds no manifests. */
const SKIP_MARK = "+argocd:skip-file-rendering";
const MANIFEST = /\.(yaml|yml|json|jsonnet)$/;
/** Together the manifests of one directory stay below this, so that one app cannot exhaust the controller. */
const MAX_BYTES = 10 * 1024 * 1024;
const NO_JSONNET: JsonnetSpec = { extVars: [], tlas: [], libs: [] };

interface Input {
  readonly tree: FileTree;
  readonly path: string;
  readonly spec: DirectorySpec;
}

/**
 * Decodes the plain manifests of a directory and evaluates those of Jsonnet.
 * @throws UpstreamError naming file and line of what cannot be decoded.
 */
export async function renderDirectory(
  pools: HelperPools,
  input: Input,
  signal: AbortSignal,
): Promise<{ resources: readonly Resource[]; places: readonly string[]; readSet: ReadSet }> {
  const tree = new RecordingTree(input.tree);
  const wanted = fileFilter(input.spec);
  const paths = await manifestPaths(tree, { root: input.path, recurse: input.spec.recurse, wanted }, signal);
  const files = await readFiles(tree, paths, signal);
  const decoded = await yamlDecode(pools.small, files.filter(isPlain), signal);
  const objects = new Map<string, readonly PlacedObject[]>();
  for (const file of decoded) {
    const { content = new Uint8Array() } = files.find(({ path }) => path === file.path) ?? {};
    objects.set(file.path, manifestsOf(file, content));
  }
  const own = input.spec.jsonnet ?? NO_JSONNET;
  const spec = { ...own, libs: [input.path, ...own.libs] };
  for (const { path } of files.filter((file) => !isPlain(file))) {
    const yielded = await jsonnetEval(pools.full, { tree, path, spec }, signal);
    objects.set(path, listedObjects(yielded, path));
  }
  const all = files.flatMap(({ path }) => objects.get(path) ?? []);
  return {
    resources: all.map(({ resource }) => resource),
    places: all.map(({ place }) => place),
    readSet: tree.readSet(),
  };
}

function isPlain({ path }: { readonly path: string }): boolean {
  return !path.endsWith(".jsonnet");
}

/** Upstream's patterns know no separator: `*` crosses directories. */
function fileFilter({ include, exclude, anyName = false }: DirectorySpec): (path: string) => boolean {
  const included = (path: string) => include === "" || globMatches(include, path);
  const excluded = (path: string) => exclude !== "" && globMatches(exclude, path);
  return (path) => (anyName || MANIFEST.test(path)) && included(path) && !excluded(path);
}

async function manifestPaths(
  tree: RecordingTree,
  search: { root: string; recurse: boolean; wanted: (path: string) => boolean },
  signal: AbortSignal,
): Promise<string[]> {
  const found: string[] = [];
  const pending = [search.root];
  for (let directory = pending.shift(); directory !== undefined; directory = pending.shift()) {
    const { children } = await tree.list(directory, signal);
    for (const child of children) {
      const path = childPath(directory, child.name);
      const type = child.type === "link" ? (await tree.look(path, signal)).type : child.type;
      if (type === "directory" && search.recurse && child.type !== "link") pending.push(path);
      const relative = search.root === "" ? path : path.slice(search.root.length + 1);
      if (type === "file" && search.wanted(relative)) found.push(path);
    }
  }
  return found.sort();
}

async function readFiles(tree: RecordingTree, paths: readonly string[], signal: AbortSignal): Promise<YamlFile[]> {
  const files: YamlFile[] = [];
  let bytes = 0;
  for (const path of paths) {
    const { content } = await tree.read(path, signal);
    if (!content || Buffer.from(content).includes(SKIP_MARK)) continue;
    // What Jsonnet takes is bounded while it is evaluated.
    if (isPlain({ path })) bytes += content.length;
    if (bytes > MAX_BYTES) {
      const message = `the manifests exceed ${MAX_BYTES} bytes together`;
      throw new UpstreamError({ code: "too-large", message, file: path });
    }
    files.push({ path, content });
  }
  return files;
}
