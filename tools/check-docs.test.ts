import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { docProblems } from "./check-docs.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "check-docs-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function problemsOf(changed: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const files = {
    Makefile: "demo: setup ## play\n\techo\n",
    "package.json": '{ "scripts": { "check": "make check" } }',
    "src/cli/get.ts": 'new Command("get").description("x"); group.command("up");',
    "README.md": "# Holdfast\n",
    "ARCHITECTURE.md": "# Architecture\n",
    "CONTRIBUTING.md": "# How to help: a start\n",
    "CHANGELOG.md": "# Changes\n",
    ".gitignore": "bench/results.json\n",
    ...changed,
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return await docProblems(root);
}

test("docProblems() is content when everything that is named is there", async () => {
  const text = [
    "[a](CONTRIBUTING.md#how-to-help-a-start) [b](docs/x.md) [c](https://example.org/none) [d](#holdfast)",
    "`make demo`, `npm run check`, `holdfast get app/x`, `src/cli`, `bench/results.json` and `docs/x.md`; make sure holdfast works",
    "```sh\nmake demo REPO=url\nbin/holdfast up --name x\n```",
  ];
  expect(await problemsOf({ "README.md": `# Holdfast\n${text.join("\n")}\n`, "docs/x.md": "" })).toEqual([]);
});

test("docProblems() names links, headings, paths and commands that are not there", async () => {
  const text =
    "[a](docs/y.md) [b](CONTRIBUTING.md#none) `make fly` `src/none.ts` ```\n```sh\nholdfast fly\nnpm run fly\n```\n";
  expect(await problemsOf({ "docs/spec/z.md": "[up](../../none.md)", "README.md": text })).toEqual([
    "README.md: links to docs/y.md, which is not there",
    "README.md: links to CONTRIBUTING.md#none, a heading that is not there",
    'README.md: there is no "npm run fly"',
    'README.md: there is no "holdfast fly"',
    'README.md: there is no "make fly"',
    "README.md: src/none.ts is not there",
    "docs/spec/z.md: links to ../../none.md, which is not there",
  ]);
});

test("docProblems() holds the two pages that everyone reads to their length", async () => {
  expect(await problemsOf({ "README.md": "x\n".repeat(150), "ARCHITECTURE.md": "x\n".repeat(201) })).toEqual([
    "ARCHITECTURE.md: 201 lines, 200 is the limit",
  ]);
  await rm(join(root, "README.md"));
  expect(await docProblems(root)).toContain("README.md: is missing");
});
