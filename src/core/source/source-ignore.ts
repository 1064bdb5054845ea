import type { FileTree, TreeEntry } from "./file-tree.ts";
import { parseIgnoreRules, ruleMatches } from "./ignore-rules.ts";
import type { IgnoreRule } from "./ignore-rules.ts";
import { childPath } from "./read-set.ts";
import { sha256Hex } from "./sha256.ts";

/** Name of the files that hide files of their own directory and below. */
export const ignoreFileName = ".sourceignore";

const maxIgnoreFiles = 1_000;
const maxIgnoreFileBytes = 65_536;
const maxComparisons = 20_000_000;

// Files of version control never belong to a source, whatever the other rules say.
const versionControlRules = parseIgnoreRules(".git/\n.gitignore\n.gitmodules\n.gitattributes", "");

// What a repository without rules of its own hides. The bracket keeps a product's name out of this neutral folder.
const defaultRules = parseIgnoreRules(
  [
    "*.jpg\n*.jpeg\n*.gif\n*.png\n*.wmv\n*.flv\n*.tar.gz\n*.zip",
    ".github/\n.circleci/\n.travis.yml\n.gitlab-ci.yml\nappveyor.yml\n.drone.yml",
    "cloudbuild.yaml\ncodeship-services.yml\ncodeship-steps.yml",
    "**/.goreleaser.yml\n**/.goreleaser.brew.yml\n**/.sops.yaml\n**/.[f]lux.yaml",
  ].join("\n"),
  "",
);

/**
 * A view of the tree without the files that rules hide: those of version control, the tree's own ignore files, and then
 * `ignore`. Rules of the tree or in `ignore` replace the default ones. Later rules win over earlier ones.
 */
export async function ignoredTree(tree: FileTree, ignore: string | null, signal: AbortSignal): Promise<FileTree> {
  const rules = await ownRules(tree, signal);
  if (ignore !== null) rules.push(...parseIgnoreRules(ignore, ""));
  const chosen = rules.length === 0 && ignore === null ? defaultRules : rules;
  return treeWithout(tree, [...versionControlRules, ...chosen]);
}

/** A view of the tree without what is hidden of a source without rules of its own. */
export function usuallyIgnoredTree(tree: FileTree): FileTree {
  return treeWithout(tree, [...versionControlRules, ...defaultRules]);
}

/** A view of the tree without what the rules hide; directories with nothing left are gone too. */
export function treeWithout(tree: FileTree, rules: readonly IgnoreRule[]): FileTree {
  const view = new TreeView(tree, rules);
  view.walk("", -1);
  return view;
}

async function ownRules(tree: FileTree, signal: AbortSignal): Promise<IgnoreRule[]> {
  const paths = ignoreFilesOf(tree);
  const files = await tree.read(paths, signal);
  const rules: IgnoreRule[] = [];
  for (const path of paths) {
    const directory = path.slice(0, -ignoreFileName.length).replace(/\/$/, "");
    if (isHidden(directory, rules)) continue;
    const bytes = files.get(path) ?? new Uint8Array();
    if (bytes.length > maxIgnoreFileBytes)
      throw new Error(`Cannot use ${path}: it is longer than ${maxIgnoreFileBytes} bytes`);
    rules.push(...parseIgnoreRules(utf8Text(bytes), directory));
  }
  return rules;
}

/** Paths of ignore files, those nearer to the root first. */
function ignoreFilesOf(tree: FileTree): readonly string[] {
  const found: string[] = [];
  let level = [""];
  while (level.length > 0) {
    const next: string[] = [];
    for (const directory of level) {
      for (const name of tree.children(directory)) {
        const path = childPath(directory, name);
        const type = tree.entry(path)?.type;
        if (type === "directory") next.push(path);
        else if (type === "file" && name === ignoreFileName) found.push(path);
      }
    }
    level = next;
  }
  if (found.length > maxIgnoreFiles)
    throw new Error(`Cannot use the tree: it has more than ${maxIgnoreFiles} ${ignoreFileName} files`);
  return found;
}

function isHidden(directory: string, rules: readonly IgnoreRule[]): boolean {
  let best = -1;
  for (let end = directory.indexOf("/"); directory !== ""; end = directory.indexOf("/", end + 1)) {
    best = lastMatch(rules, { path: end < 0 ? directory : directory.slice(0, end), isDirectory: true }, best);
    if (end < 0) break;
  }
  return best >= 0 && !rules[best]!.negated;
}

/** Index of the last rule that matches the path, or what its parents matched when that comes later. */
function lastMatch(
  rules: readonly IgnoreRule[],
  node: { path: string; isDirectory: boolean },
  inherited: number,
): number {
  for (let at = rules.length - 1; at > inherited; at--) {
    if (ruleMatches(rules[at]!, node.path, node.isDirectory)) return at;
  }
  return inherited;
}

class TreeView implements FileTree {
  readonly #tree: FileTree;
  readonly #rules: readonly IgnoreRule[];
  readonly #files = new Set<string>();
  readonly #directories = new Map<string, { entry: TreeEntry; names: readonly string[] }>();
  #visited = 0;

  constructor(tree: FileTree, rules: readonly IgnoreRule[]) {
    this.#tree = tree;
    this.#rules = rules;
  }

  entry(path: string): TreeEntry | undefined {
    return this.#directories.get(path)?.entry ?? (this.#files.has(path) ? this.#tree.entry(path) : undefined);
  }

  children(path: string): readonly string[] {
    return this.#directories.get(path)?.names ?? [];
  }

  read(paths: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Uint8Array>> {
    const hidden = paths.find((path) => !this.#files.has(path));
    if (hidden === undefined) return this.#tree.read(paths, signal);
    return Promise.reject(new Error(`Cannot read ${JSON.stringify(hidden)}: no such file, or ignore rules hide it`));
  }

  /** Takes in a directory whose ancestors' last matching rule is `inherited`; says whether all of it is visible. */
  walk(directory: string, inherited: number): boolean {
    const names: string[] = [];
    let isWhole = true;
    for (const name of this.#tree.children(directory)) {
      const path = childPath(directory, name);
      const isDirectory = this.#tree.entry(path)?.type === "directory";
      const rule = this.#ruleFor(path, isDirectory, inherited);
      if (isDirectory) {
        if (!this.walk(path, rule)) isWhole = false;
        if (this.#directories.has(path)) names.push(name);
      } else if (rule >= 0 && !this.#rules[rule]!.negated) {
        isWhole = false;
      } else {
        this.#files.add(path);
        names.push(name);
      }
    }
    if (names.length > 0 || directory === "") this.#addDirectory(directory, names, isWhole);
    return isWhole;
  }

  #ruleFor(path: string, isDirectory: boolean, inherited: number): number {
    this.#visited += this.#rules.length;
    if (this.#visited > maxComparisons) {
      throw new Error(`Cannot apply ${this.#rules.length} ignore rules: the tree is too large for so many`);
    }
    return lastMatch(this.#rules, { path, isDirectory }, inherited);
  }

  /** A directory that lost something gets a digest of what is left, so that equal digests still mean equal content. */
  #addDirectory(path: string, names: readonly string[], isWhole: boolean): void {
    const original = this.#tree.entry(path);
    if (isWhole && original !== undefined) {
      this.#directories.set(path, { entry: original, names });
      return;
    }
    const below = names.map((name) => {
      const entry = this.entry(childPath(path, name));
      return `${name}\0${entry?.type} ${entry?.executable === true} ${entry?.digest}\n`;
    });
    this.#directories.set(path, { entry: { type: "directory", digest: sha256Hex(below.join("")) }, names });
  }
}

/** Decodes UTF-8; bytes that are not are taken one by one. */
function utf8Text(bytes: Uint8Array): string {
  const raw = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  try {
    return decodeURIComponent(raw.replace(/[^]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`));
  } catch {
    return raw;
  }
}
