import type { DirectorySpec } from "#core/app/render-spec.ts";
import { globMatches } from "#core/policy/glob.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { childPath, type ReadSet } from "#core/source/read-set.ts";
import type { HelperPool } from "./helper-pool.ts";
import { RecordingTree } from "./recording-tree.ts";
import { UpstreamError } from "./upstream-error.ts";
import { yamlDecode, type YamlFile } from "./yaml-decode.ts";

/** A file with this comment holds no manifests. */
const SKIP_MARK = "+argocd:skip-file-rendering";
const MANIFEST = /\.(ya?ml|json)$/i;
/** Together the manifests of one directory stay below this, so that one app cannot exhaust the controller. */
const MAX_BYTES = 10 * 1024 * 1024;

/** Decodes the plain manifests of a directory. @throws UpstreamError naming file and line of what cannot be decoded. */
export async function renderDirectory(
  pool: HelperPool,
  input: { tree: FileTree; path: string; spec: DirectorySpec },
  signal: AbortSignal,
): Promise<{ resources: readonly Resource[]; places: readonly string[]; readSet: ReadSet }> {
  const tree = new RecordingTree(input.tree);
  const wanted = fileFilter(input.spec);
  const paths = await manifestPaths(tree, { root: input.path, recurse: input.spec.recurse, wanted }, signal);
  const files = await readFiles(tree, paths, signal);
  const decoded = await yamlDecode(pool, files, signal);
  const objects = decoded.flatMap((file) => {
    if (file.error) throw new UpstreamError(file.error);
    return file.documents.map((document) => ({
      resource: checkedObject(file.path, document),
      place: `${file.path}:${document.line}`,
    }));
  });
  return {
    resources: objects.map(({ resource }) => resource),
    places: objects.map(({ place }) => place),
    readSet: tree.readSet(),
  };
}

/** Upstream's patterns know no separator: `*` crosses directories. */
function fileFilter({ include, exclude }: DirectorySpec): (path: string) => boolean {
  const included = (path: string) => include === "" || globMatches(include, path);
  const excluded = (path: string) => exclude !== "" && globMatches(exclude, path);
  return (path) => MANIFEST.test(path) && included(path) && !excluded(path);
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
    if (!content) continue;
    bytes += content.length;
    if (bytes > MAX_BYTES) {
      throw new UpstreamError({
        code: "too-large",
        message: `the manifests exceed ${MAX_BYTES} bytes together`,
        file: path,
      });
    }
    if (!Buffer.from(content).includes(SKIP_MARK)) files.push({ path, content });
  }
  return files;
}

function checkedObject(file: string, document: { line: number; object: Readonly<Record<string, unknown>> }): Resource {
  const { apiVersion, kind, metadata } = document.object as Partial<Resource>;
  const problem =
    typeof apiVersion !== "string" || typeof kind !== "string"
      ? "the object has no apiVersion or kind"
      : !metadata || typeof (metadata.name ?? metadata.generateName) !== "string"
        ? "the object has no metadata.name"
        : null;
  if (problem) throw new UpstreamError({ code: "invalid", message: problem, file, line: document.line });
  return document.object as unknown as Resource;
}
