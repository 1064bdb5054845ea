import { globAlternatives, globMatches } from "#core/policy/glob.ts";
import type { FileTree } from "../file-tree.ts";
import { childPath } from "../read-set.ts";

/** Whether a path is a pattern rather than a name. */
export function isPathPattern(path: string): boolean {
  return /[*?[\]]/.test(path);
}

/**
 * Files and folders of a tree that a pattern of one folder after another names, sorted: `*` and `?` stay in their folder,
 * as `**` does, and braces are themselves.
 */
export function pathsNamed(tree: FileTree, pattern: string): readonly string[] {
  let found = [""];
  for (const part of parts(pattern)) {
    const quoted = part.replace(/[{}]/g, "\\$&").replace(/\*+/g, "*");
    const next = found.flatMap((folder) => {
      const names = tree.children(folder).filter((name) => globMatches(quoted, name, "/"));
      return names.map((name) => childPath(folder, name));
    });
    found = next.filter((path) => isPlain(tree, path));
  }
  return found;
}

/** Files of a tree that a pattern with `**` for any folders and `{a,b}` for either matches, sorted. */
export function filesMatching(tree: FileTree, pattern: string): readonly string[] {
  const matches = pathMatcher(pattern);
  const found: string[] = [];
  const walk = (folder: string) => {
    for (const name of tree.children(folder)) {
      const path = childPath(folder, name);
      const type = tree.entry(path)?.type;
      if (type === "directory") walk(path);
      else if (type === "file" && matches(path)) found.push(path);
    }
  };
  walk("");
  return found;
}

/** Says which paths a pattern matches in which `**` stands for any folders, also none, and `{a,b}` for either. */
export function pathMatcher(pattern: string): (path: string) => boolean {
  const patterns = (globAlternatives(pattern) ?? []).map(parts);
  return (path) => {
    const names = parts(path);
    return patterns.some((one) => folderMatches(one, names));
  };
}

/** The folder before the first part that is a pattern. */
export function plainBeginning(pattern: string): string {
  const all = parts(pattern);
  const at = all.findIndex(isPathPattern);
  return (at < 0 ? all : all.slice(0, at)).join("/");
}

/** Which parts of a pattern can match up to each name, one name after another: linear in both. */
function folderMatches(pattern: readonly string[], names: readonly string[]): boolean {
  const any = (at: number) => pattern[at] === "**";
  const reached = (places: Set<number>) => {
    for (const at of places) if (any(at)) places.add(at + 1);
    return places;
  };
  let places = reached(new Set([0]));
  for (const name of names) {
    const next = new Set<number>();
    for (const at of places) {
      const part = pattern[at];
      if (part === undefined) continue;
      if (any(at)) next.add(at);
      else if (globMatches(part.replace(/\*+/g, "*"), name, "/")) next.add(at + 1);
    }
    if (next.size === 0) return false;
    places = reached(next);
  }
  return places.has(pattern.length);
}

function isPlain(tree: FileTree, path: string): boolean {
  const type = tree.entry(path)?.type;
  return type === "file" || type === "directory";
}

function parts(path: string): readonly string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}
