import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { missingTests, rowTables } from "./generate-compatibility.ts";

const rows = [
  { part: "One", what: "`a`", tests: ["test/a.test.ts: does a: well", "test/a.test.ts: undoes a"] },
  { part: "One", what: "`b`", note: "refused", tests: [] },
  { part: "Two", what: "`c`", note: "half of it", tests: ["test/a.test.ts: undoes a"] },
];

test("rowTables() makes a table for each part, with the tests that show a row or what is missing", () => {
  expect(rowTables(rows)).toBe(`## One

| What | State | Shown by |
| --- | --- | --- |
| \`a\` | served | [does a: well](../../test/a.test.ts); [undoes a](../../test/a.test.ts) |
| \`b\` | not yet: refused |  |

## Two

| What | State | Shown by |
| --- | --- | --- |
| \`c\` | served: half of it | [undoes a](../../test/a.test.ts) |
`);
});

test("missingTests() names tests whose file or title is not there", async () => {
  const folder = await mkdtemp(join(tmpdir(), "rows-"));
  try {
    await mkdir(join(folder, "test"));
    await writeFile(join(folder, "test/a.test.ts"), 'test("does a: well", () => {}); test("never undoes a");');
    expect(await missingTests(rows, folder)).toEqual(["test/a.test.ts: undoes a"]);
    const other = [{ part: "One", what: "x", tests: ["test/none.test.ts: x"] }];
    expect(await missingTests(other, folder)).toEqual(["test/none.test.ts: x"]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
