import type { FileTree, TreeEntry } from "./file-tree.ts";
import { childPath } from "./read-set.ts";
import { cleanPath } from "./clean-path.ts";
import { copiedLayerName } from "./remote.ts";

/** Where a tree holds a chart: packed in a file, in a folder, or nowhere. */
export type FoundChart =
  | { readonly kind: "archive"; readonly file: string }
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "none"; readonly problem: string };

const description = "Chart.yaml";
const maxListed = 5;

/**
 * Finds the chart at a path of a tree: a packed file, a folder with a `Chart.yaml`, or a folder whose one packed file or
 * one folder is the chart, which is how a pulled artifact looks. What a link names is found at its end by who reads it.
 */
export function chartPlace(tree: FileTree, path: string): FoundChart {
  const at = cleanPath(path);
  const entry = tree.entry(at);
  if (leadsThroughLink(tree, at)) return isPacked(at) ? { kind: "archive", file: at } : { kind: "folder", path: at };
  if (entry === undefined) return none(`there is no ${JSON.stringify(path)}`);
  if (entry.type === "directory") return inDirectory(tree, at);
  if (isPacked(at)) return { kind: "archive", file: at };
  return none(`${JSON.stringify(at)} is neither a folder nor a packed chart (.tgz, .tar.gz)`);
}

function inDirectory(tree: FileTree, at: string): FoundChart {
  if (isThere(tree.entry(childPath(at, description)))) return { kind: "folder", path: at };
  const children = tree.children(at);
  const is = (name: string, type: TreeEntry["type"]) => tree.entry(childPath(at, name))?.type === type;
  const packed = children.filter((name) => is(name, "file") && isPacked(name));
  const [file] = packed;
  if (file !== undefined && packed.length === 1) return { kind: "archive", file: childPath(at, file) };
  const where = at === "" ? "the source" : JSON.stringify(at);
  if (packed.length > 1)
    return none(`${where} has several packed charts (${listed(packed)}), of which one must be named`);
  const folders = children.filter((name) => is(name, "directory"));
  const charts = folders.filter((name) => isThere(tree.entry(childPath(childPath(at, name), description))));
  const [folder] = charts;
  if (folder !== undefined && folders.length === 1) return { kind: "folder", path: childPath(at, folder) };
  const hint = charts.length === 0 ? "" : `; charts are in ${listed(charts)}`;
  return none(`${where} has neither a ${description} nor one packed chart (.tgz, .tar.gz)${hint}`);
}

function leadsThroughLink(tree: FileTree, path: string): boolean {
  const parts = path.split("/");
  return parts.some((_part, at) => tree.entry(parts.slice(0, at + 1).join("/"))?.type === "link");
}

function isThere(entry: TreeEntry | undefined): boolean {
  return entry?.type === "file" || entry?.type === "link";
}

function isPacked(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return /\.(tgz|tar\.gz)$/.test(name) || name === copiedLayerName;
}

function none(problem: string): FoundChart {
  return { kind: "none", problem };
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, maxListed).map((name) => JSON.stringify(name));
  return [...shown, ...(names.length > maxListed ? ["…"] : [])].join(", ");
}
