import { type Asking, ask, type Params, SetError } from "#core/app/app-set.ts";
import { indexPathMatches, pathMatches, starPathMatches } from "#core/policy/path-match.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { childPath } from "#core/source/read-set.ts";
import { gitSource } from "./git-source.ts";
import { withValues } from "./fill.ts";
import type { Making } from "./making.ts";
import { mustBeFew } from "./param-limit.ts";
import { flattened, goText, normalizedName } from "./params.ts";
import type { GeneratorFields } from "./set-schema.ts";

type GitFields = NonNullable<GeneratorFields["git"]>;

/** As much as a set may read of one repository. */
const MAX_FILE_BYTES = 2 * 1024 * 1024;

/** Parameters of a repository's folders, or of its files and what they hold. */
export function* gitParams(fields: GitFields, making: Making): Asking<readonly Params[]> {
  const { directories = [], files = [] } = fields;
  if (directories.length === 0 && files.length === 0) {
    throw new SetError("parameters", "git generator has neither directories nor files");
  }
  const source = gitSource(fields, making);
  const tree = yield* ask("tree", { source });
  const found =
    directories.length > 0
      ? chosen(foldersOf(tree), directories, pathMatches).map((path) => folderParams(path, fields, making))
      : yield* fileParams(tree, fields, making);
  return yield* withValues(making.style, fields.values, found);
}

interface Place {
  readonly path: string;
  readonly exclude?: boolean;
}

/** What one pattern includes and none excludes. */
function chosen(
  paths: readonly string[],
  places: readonly Place[],
  matches: (pattern: string, path: string) => boolean,
): readonly string[] {
  const isAmong = (path: string, excluded: boolean) =>
    places.some((place) => (place.exclude ?? false) === excluded && matches(place.path, path));
  return paths.filter((path) => isAmong(path, false) && !isAmong(path, true));
}

/** Folders below the root, but those whose name begins with a dot and what is in them. */
function foldersOf(tree: FileTree): readonly string[] {
  return pathsOf(tree, "")
    .filter(({ type }) => type === "directory")
    .map(({ path }) => path);
}

function pathsOf(tree: FileTree, folder: string): readonly { path: string; type: string }[] {
  return tree.children(folder).flatMap((name) => {
    const path = childPath(folder, name);
    const type = tree.entry(path)?.type ?? "file";
    if (type !== "directory") return [{ path, type }];
    return name.startsWith(".") ? [] : [{ path, type }, ...pathsOf(tree, path)];
  });
}

function filesOf(tree: FileTree, folder: string): readonly string[] {
  return tree.children(folder).flatMap((name) => {
    const path = childPath(folder, name);
    const type = tree.entry(path)?.type;
    if (type === "directory") return filesOf(tree, path);
    return type === "file" ? [path] : [];
  });
}

function* fileParams(tree: FileTree, fields: GitFields, making: Making): Asking<readonly Params[]> {
  const matches = making.installation.argo.sets.plainStars ? starPathMatches : indexPathMatches;
  const paths = [...chosen(filesOf(tree, ""), fields.files ?? [], matches)].toSorted();
  if (paths.length === 0) return [];
  const made: Params[] = [];
  for (const some of parts(yield* ask("read", { tree, paths }), paths)) {
    const values = yield* ask("decode", { texts: some.map(({ text }) => text) });
    for (const [index, { path }] of some.entries()) {
      const answer = values[index] ?? { error: "no answer" };
      if ("error" in answer) throw unreadable(path, answer.error);
      const objects = objectsOf(answer.value, path);
      mustBeFew(made.length + objects.length);
      for (const object of objects) made.push(contentParams(path, object, { fields, making }));
    }
  }
  return made;
}

interface FileText {
  readonly path: string;
  readonly text: string;
}

/** Files in parts that become values together, which take many times what their texts do. @throws SetError for one too large */
function parts(contents: ReadonlyMap<string, Uint8Array>, paths: readonly string[]): readonly (readonly FileText[])[] {
  const all: FileText[][] = [];
  const decoder = new TextDecoder();
  let left = 0;
  for (const path of paths) {
    const bytes = contents.get(path) ?? new Uint8Array();
    const size = bytes.length;
    if (size > MAX_FILE_BYTES) throw unreadable(path, `it is larger than the allowed ${MAX_FILE_BYTES >> 20} MiB`);
    if (all.length === 0 || size > left) {
      all.push([]);
      left = MAX_FILE_BYTES;
    }
    all.at(-1)?.push({ path, text: decoder.decode(bytes) });
    left -= size;
  }
  return all;
}

/** A file holds one set of parameters or a list of them; an empty one holds an empty set. */
function objectsOf(value: unknown, path: string): readonly Params[] {
  if (value === null || value === undefined) return [{}];
  const objects: readonly unknown[] = Array.isArray(value) ? value : [value];
  return objects.map((object) => {
    if (typeof object === "object" && object !== null && !Array.isArray(object)) return object as Params;
    throw unreadable(path, "unable to parse file: it holds neither an object nor a list of objects");
  });
}

function unreadable(path: string, why: string): SetError {
  return new SetError("parameters", `error generating params from git: unable to process file '${path}': ${why}`);
}

function folderParams(path: string, { pathParamPrefix }: GitFields, { style }: Making): Params {
  const basename = path.split("/").at(-1) ?? "";
  const names = { path, basename, basenameNormalized: normalizedName(basename) };
  return pathParams(names, pathParamPrefix, style.goTemplate);
}

function contentParams(
  path: string,
  object: Params,
  { fields, making }: { fields: GitFields; making: Making },
): Params {
  const parts = path.split("/");
  const filename = parts.at(-1) ?? "";
  const folder = parts.slice(0, -1).join("/") || ".";
  const basename = parts.at(-2) ?? ".";
  const names = {
    path: folder,
    basename,
    filename,
    basenameNormalized: normalizedName(basename),
    filenameNormalized: normalizedName(filename),
  };
  const own = pathParams(names, fields.pathParamPrefix, making.style.goTemplate);
  return { ...(making.style.goTemplate ? object : flattened(object)), ...own };
}

/** A path in parts: one map with Go's templates, names with dots and indices otherwise. */
function pathParams(names: { readonly path: string } & Params, prefix: string | undefined, isGo: boolean): Params {
  const segments = names.path.split("/");
  if (isGo) {
    const path = { ...names, segments };
    return prefix ? { [prefix]: { path } } : { path };
  }
  const root = prefix ? `${prefix}.path` : "path";
  const { path, ...others } = names;
  const flat: Record<string, string> = { [root]: path };
  for (const [name, value] of Object.entries(others)) flat[`${root}.${name}`] = goText(value);
  for (const [index, segment] of segments.entries()) if (segment !== "") flat[`${root}[${index}]`] = segment;
  return flat;
}
