import type { FileTree } from "#core/source/file-tree.ts";

/** A submodule of a tree: where it is, where it comes from, and the commit that the tree names. */
export interface Submodule {
  readonly path: string;
  /** As it stands in the tree, perhaps relative. */
  readonly url: string;
  readonly commit: string;
}

/** Name of the file that says where submodules come from. */
export const submodulesFile = ".gitmodules";

/**
 * The submodules of a tree by the settings of its `.gitmodules`. An entry without a place in the tree and a place without an
 * entry count for nothing.
 */
export function submodulesOf(
  tree: FileTree,
  settings: readonly (readonly [key: string, value: string])[],
): readonly Submodule[] {
  const sections = new Map<string, Map<string, string>>();
  for (const [key, value] of settings) {
    const match = /^submodule\.(.+)\.(path|url)$/s.exec(key);
    if (match === null) continue;
    const [, name = "", field = ""] = match;
    const section = sections.get(name) ?? new Map<string, string>();
    sections.set(name, section.set(field, value));
  }
  const found = new Map<string, Submodule>();
  for (const section of sections.values()) {
    const path = (section.get("path") ?? "").replace(/\/+$/, "");
    const url = section.get("url");
    const entry = tree.entry(path);
    if (url !== undefined && entry?.type === "module") found.set(path, { path, url, commit: entry.digest });
  }
  return [...found.values()];
}
