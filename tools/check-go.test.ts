import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { goSizeProblems, unformattedGo } from "./check-go.ts";

const goFunction = (lines: number) => `func f() {\n${"\tg()\n".repeat(lines - 2)}}\n`;

test("goSizeProblems() finds files over 400 lines and functions over 60", () => {
  expect(goSizeProblems("a.go", `package a\n\n${goFunction(60)}`)).toEqual([]);
  expect(goSizeProblems("a.go", `package a\n\n${goFunction(2)}\n${goFunction(61)}`)).toEqual([
    "a.go:6: function of 61 lines, 60 is the limit",
  ]);
  expect(goSizeProblems("a.go", "var a = 1\n".repeat(400))).toEqual([]);
  expect(goSizeProblems("a.go", "var a = 1\n".repeat(401))).toEqual(["a.go: 401 lines, 400 is the limit"]);
});

test("goSizeProblems() takes neither a type nor a table for a function, and leaves those of tests alone", () => {
  const table = `func short() {}\n\nvar table = []int{\n${"\t1,\n".repeat(80)}}\n`;
  expect(goSizeProblems("a.go", table)).toEqual([]);
  expect(goSizeProblems("a_test.go", goFunction(90))).toEqual([]);
});

test("unformattedGo() names the files that gofmt would change", async () => {
  const folder = await mkdtemp(join(tmpdir(), "check-go-"));
  try {
    await writeFile(join(folder, "good.go"), "package a\n");
    await writeFile(join(folder, "bad.go"), "package a\nfunc  f( ) {}\n");
    expect(await unformattedGo(folder, new AbortController().signal)).toEqual(["bad.go"]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
