import { mkdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { root, runCommand } from "./run-command.ts";
import { reportPath } from "./vitest-report.ts";
import type { VitestReport } from "./vitest-report.ts";

const name = `brief-reporter-${process.pid}`;
const directory = join(root, ".build", name);
const good = `import { test } from "vitest"; test("good", () => {}); test("fine", () => {});`;
const bad = `import { beforeAll, describe, expect, test } from "vitest";
test("one", () => expect(1).toBe(2));
describe("some", () => { beforeAll(() => { throw new Error("no start"); }); test("never", () => {}); });`;

test("a run tells of each failure with its place, and of what is good in one line a file", async () => {
  await mkdir(directory, { recursive: true });
  onTestFinished(async () => {
    await rm(directory, { recursive: true });
    await rm(reportPath([name]), { force: true });
  });
  await writeFile(join(directory, "vitest.config.ts"), `export default { test: { name: "${name}" } };`);
  for (const [file, text] of Object.entries({ good, bad, lost: `import "./lost.ts";` })) {
    await writeFile(join(directory, `${file}.test.ts`), text);
  }
  const reporter = join(root, "tools/suite/brief-reporter.ts");
  const args = ["node_modules/vitest/vitest.mjs", "run", "--root", directory, `--reporter=${reporter}`];

  const { output } = await runCommand({ args }, new AbortController().signal);

  const real = await realpath(directory);
  const at = (file: string) => relative(root, join(real, file));
  const { passed, failures } = JSON.parse(await readFile(reportPath([name]), "utf8")) as VitestReport;
  expect([passed, failures.length]).toEqual([2, 3]);
  expect(failures).toContainEqual({
    title: `${at("bad.test.ts")}: one`,
    said: ["AssertionError: expected 1 to be 2 // Object.is equality", `at ${at("bad.test.ts")}:2`],
  });
  expect(failures).toContainEqual({
    title: `${at("bad.test.ts")}: before or after some`,
    said: ["Error: no start", `at ${at("bad.test.ts")}:3`],
  });
  expect(failures).toContainEqual(expect.objectContaining({ title: `${at("lost.test.ts")}: outside of its tests` }));
  expect(output).toMatch(/^ok +[\d.]+ s +\S+good\.test\.ts \(2 tests\)$/m);
  expect(output).toMatch(/^FAILED \S+bad\.test\.ts: one\nAssertionError/m);
});
