import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkImports } from "./check-imports.ts";

const tsconfig = {
  compilerOptions: { module: "nodenext", types: [], noEmit: true, allowImportingTsExtensions: true },
  include: ["src", "test", "tools"],
};
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "check-imports-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function problemsOf(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const all = { "tsconfig.json": JSON.stringify(tsconfig), ...files };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return (await checkImports(root)).problems;
}

const forbidden: readonly [string, string, string, string][] = [
  ["core a folder above", "src/core/plan", 'import { b } from "#engine/b.ts";', "may not import src/engine/b.ts"],
  ["core async code", "src/core", 'import { b } from "../async/b.ts";', "may not import src/async/b.ts"],
  ["core a module of Node", "src/core", 'import fs from "node:fs";', "may not import the package node:fs"],
  ["core a type by a type query", "src/core", 'export let x: import("#cli/x.ts").X;', "src/cli/x.ts"],
  ["the engine an adapter", "src/engine", 'export { b } from "#adapters/kube/b.ts";', "src/adapters/kube/b.ts"],
  ["the engine a dialect at run time", "src/engine", 'const x = import("#dialects/x.ts");', "src/dialects/x.ts"],
  ["an adapter the engine", "src/adapters/git", 'import type { Q } from "#engine/queue.ts";', "src/engine/queue.ts"],
  ["an adapter a port's value", "src/adapters/git", 'import { type P } from "#engine/ports.ts";', "import type"],
  ["an adapter its neighbour", "src/adapters/git", 'import { b } from "../kube/b.ts";', "belongs to its neighbour"],
  ["a dialect its neighbour", "src/dialects/x", 'import { b } from "#dialects/y/b.ts";', "its neighbour"],
  ["commands the engine", "src/cli", 'import { b } from "#engine/b.ts";', "may not import src/engine/b.ts"],
  ["anything main", "src/server", 'import { b } from "#main/b.ts";', "may not import src/main/b.ts"],
  ["the program test support", "src/main", 'import { b } from "#test/b.ts";', "which is there for tests"],
  ["the program test data", "src/cli", 'import { b } from "./testdata/b.ts";', "which is there for tests"],
  ["the program fakes", "src/engine", 'import { b } from "./testing/b.ts";', "which is there for tests"],
  ["the program tools", "src/main", 'import { b } from "../../tools/b.ts";', "may not import tools/b.ts"],
];
test("check-imports.ts forbids what the table of rules does not allow, and says where", async () => {
  const planted = forbidden.map(([name, folder, text, problem], index) => {
    return { name, path: `${folder}/planted-${index}.ts`, text: `\n${text}`, problem };
  });
  const problems = await problemsOf(Object.fromEntries(planted.map(({ path, text }) => [path, text])));
  for (const { name, path, problem } of planted) {
    expect(problems, name).toContainEqual(expect.stringMatching(new RegExp(`^${path}:2: .*${problem}`)));
  }
  expect(problems).toHaveLength(planted.length);
});

test("check-imports.ts allows what the table names, and tests everything", async () => {
  const problems = await problemsOf({
    "src/core/a.ts": 'import { gt } from "semver"; import { Type } from "typebox/value";',
    "src/core/a.test.ts": 'import { test } from "vitest"; import { b } from "#test/b.ts"; import fs from "node:fs";',
    "src/engine/a.ts": 'import { a } from "#core/a.ts"; import { sleep } from "#async/sleep.ts";',
    "src/adapters/git/a.ts": 'import type { P } from "#engine/ports.ts"; import { b } from "./b.ts"; import "undici";',
    "src/adapters/upstream/a.ts": 'import { b } from "../go-program.ts"; import { c } from "../kube/exact-json.ts";',
    "src/main/a.ts": 'import { b } from "#adapters/kube/b.ts"; import { c } from "#dialects/x/c.ts";',
    "test/a.ts": 'import { b } from "#main/b.ts";',
    "tools/a.ts": 'import { b } from "#engine/b.ts"; import { c } from "#test/c.ts";',
  });
  expect(problems).toEqual([]);
});

test("check-imports.ts finds cycles that only types close, names of dialects and folders without rules", async () => {
  const named = "export const a = 1;\n// as ArgoCD has it\n";
  const problems = await problemsOf({
    "src/core/a.ts": 'import type { B } from "./b.ts"; export type A = B;',
    "src/core/b.ts": 'import type { C } from "#core/c.ts"; export type B = C;',
    "src/core/c.ts": 'export type { A as C } from "./a.ts";',
    "src/engine/a.ts": named,
    "src/dialects/x/a.ts": named,
    "src/cli/a.ts": named,
    "src/utils/a.ts": "export const a = 1;",
  });
  expect(problems).toEqual([
    expect.stringMatching(/^src\/utils\/a\.ts:1: lies in a folder/),
    "src/core/a.ts: imports itself: src/core/a.ts → src/core/b.ts → src/core/c.ts → src/core/a.ts",
    'src/engine/a.ts:2: names a dialect: "Argo"',
  ]);
});

test("check-imports.ts counts what it looked at", async () => {
  await problemsOf({ "src/core/a.ts": 'import { b } from "./b.ts";', "src/core/b.ts": "export const b = 1;" });
  expect(await checkImports(root)).toMatchObject({ fileCount: 2, importCount: 1 });
});
