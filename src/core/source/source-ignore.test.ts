import { expect, test } from "vitest";
import type { FileTree } from "./file-tree.ts";
import { memoryTree } from "./memory-tree.ts";
import { ignoredTree } from "./source-ignore.ts";

const { signal } = new AbortController();

function filesOf(tree: FileTree, directory = ""): string[] {
  return tree.children(directory).flatMap((name) => {
    const path = directory === "" ? name : `${directory}/${name}`;
    return tree.entry(path)?.type === "directory" ? filesOf(tree, path) : [path];
  });
}

const cases: { name: string; files: string[]; ignore: string | null; own?: Record<string, string>; want: string[] }[] =
  [
    {
      name: "hides the default kinds of files when there are no rules",
      files: [
        "a.yaml",
        "docs/x.png",
        ".github/w.yml",
        ".sops.yaml",
        "d/.goreleaser.yml",
        ".gitignore",
        "b/.drone.yml",
        "c.tar.gz",
      ],
      ignore: null,
      want: ["a.yaml"],
    },
    {
      name: "replaces the defaults by inline rules",
      files: ["a.yaml", "x.png", ".gitignore"],
      ignore: "*.yaml",
      want: ["x.png"],
    },
    { name: "takes empty inline rules as rules", files: ["x.png", ".gitmodules"], ignore: "", want: ["x.png"] },
    {
      name: "includes one directory of an excluded whole",
      files: ["a.yaml", "deploy/b.yaml", "deploy/sub/c.md", "other/deploy/d.yaml"],
      ignore: "/*\n!/deploy\n/deploy/**/*.md",
      want: ["deploy/b.yaml"],
    },
    {
      name: "includes a file below an excluded directory",
      files: ["a/b/keep.yaml", "a/b/drop.yaml"],
      ignore: "a/\n!a/b/keep.yaml",
      want: ["a/b/keep.yaml"],
    },
    { name: "lets the last matching rule win", files: ["a.md", "b.md"], ignore: "!b.md\n*.md\n!a.md", want: ["a.md"] },
    { name: "matches a plain name at any depth", files: ["x/tmp/y", "tmp/z", "tmpx"], ignore: "tmp", want: ["tmpx"] },
    { name: "anchors a pattern that holds a slash", files: ["a/b", "x/a/b"], ignore: "a/b", want: ["x/a/b"] },
    { name: "anchors a leading slash", files: ["a", "x/a"], ignore: "/a", want: ["x/a"] },
    {
      name: "takes a trailing slash as directories only",
      files: ["build", "x/build/y"],
      ignore: "build/",
      want: ["build"],
    },
    { name: "spans directories with **", files: ["a/x/y/b", "a/b", "a/bb"], ignore: "a/**/b", want: ["a/bb"] },
    {
      name: "takes a leading ** as any depth",
      files: ["q/w/e.txt", "e.txt", "f.txt"],
      ignore: "**/e.txt",
      want: ["f.txt"],
    },
    { name: "takes a trailing ** as everything inside", files: ["a/b/c", "a/d", "e"], ignore: "a/**", want: ["e"] },
    {
      name: "keeps * and ? within a segment",
      files: ["a/b.md", "ab.md", "abc.md"],
      ignore: "/a*.md\n/??.md",
      want: ["a/b.md"],
    },
    {
      name: "knows character classes",
      files: ["f1", "f2", "f3", "fx", "f]"],
      ignore: "f[1-2]\nf[!0-9x]",
      want: ["f3", "fx"],
    },
    {
      name: "knows escapes and comments",
      files: ["#a", "!b", "c*", "cd"],
      ignore: "# note\n\\#a\n\\!b\nc\\*",
      want: ["cd"],
    },
    { name: "drops trailing blanks unless escaped", files: ["a", "b "], ignore: "a  \nb\\ ", want: [] },
    {
      name: "applies an ignore file below its own directory only",
      files: ["x/a.md", "y/a.md", "x/z/a.md", "x/a.yaml"],
      ignore: null,
      own: { "x/.sourceignore": "*.md\n/a.yaml" },
      want: ["x/.sourceignore", "y/a.md"],
    },
    {
      name: "lets deeper files and then inline rules win",
      files: ["x/a.md", "x/b.md", "c.md"],
      ignore: "!c.md",
      own: { ".sourceignore": "*.md", "x/.sourceignore": "!a.md" },
      want: [".sourceignore", "c.md", "x/.sourceignore", "x/a.md"],
    },
    {
      name: "does not listen to ignore files in hidden directories",
      files: ["x/a.md"],
      ignore: null,
      own: { ".sourceignore": "/x", "x/.sourceignore": "!a.md" },
      want: [".sourceignore"],
    },
  ];

for (const { name, files, ignore, own, want } of cases) {
  test(`ignoredTree() ${name}`, async () => {
    const tree = memoryTree({ ...Object.fromEntries(files.map((path) => [path, path])), ...own });
    expect(filesOf(await ignoredTree(tree, ignore, signal)).toSorted()).toEqual(want);
  });
}

test("ignoredTree() refuses to read what it hides and has no empty directories", async () => {
  const view = await ignoredTree(memoryTree({ "a/b.md": "1", c: "2" }), "*.md", signal);
  expect(view.entry("a")).toBeUndefined();
  expect(view.entry("a/b.md")).toBeUndefined();
  await expect(view.read(["a/b.md"], signal)).rejects.toThrow(/a\/b\.md/);
  expect((await view.read(["c"], signal)).size).toBe(1);
});

test("ignoredTree() changes a directory's digest with what it shows, and only then", async () => {
  const view = (secret: string, rules: string) =>
    ignoredTree(memoryTree({ "a/b.md": secret, "a/c": "2", "d/e": "3" }), rules, signal);
  const [one, two, all] = await Promise.all([view("1", "*.md"), view("2", "*.md"), view("1", "none")]);
  expect(one.entry("a")).toEqual(two.entry("a"));
  expect(one.entry("a")).not.toEqual(all.entry("a"));
  expect(one.entry("d")).toEqual(all.entry("d"));
});

test("ignoredTree() answers hostile patterns at once", async () => {
  const tree = memoryTree({ ["a".repeat(200)]: "", [`${"a/".repeat(60)}b`]: "" });
  const started = performance.now();
  await ignoredTree(tree, `${"*a".repeat(50)}*x\n${"**/a/".repeat(40)}x`, signal);
  expect(performance.now() - started).toBeLessThan(1_000);
});
