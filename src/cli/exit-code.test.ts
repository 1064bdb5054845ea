import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { exitCode } from "./exit-code.ts";

test("every exit code stands in the reference, and no other", () => {
  const text = readFileSync(new URL("../../docs/reference/exit-codes.md", import.meta.url), "utf8");
  const rows = [...text.matchAll(/^\|\s*(\d+)\s*\|\s*`(\w+)`/gm)].map(([, code, name]) => [name, Number(code)]);
  expect(Object.fromEntries(rows)).toEqual(exitCode);
});
