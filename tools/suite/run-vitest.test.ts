import { join } from "node:path";
import { expect, test } from "vitest";
import { failedIn, tallyOf } from "./run-vitest.ts";
import { root } from "./run-command.ts";

const passed = { status: "passed", fullName: "it works" };
const file = { name: "/a.test.ts", status: "passed", assertionResults: [passed] };
const report = { numPassedTests: 3, numFailedTests: 0, testResults: [file] };

test("tallyOf() counts tests, and files that could not even be loaded", () => {
  expect(tallyOf(report, true)).toEqual({ passed: 3, failed: 0 });
  expect(tallyOf({ ...report, numFailedTests: 2 }, false)).toEqual({ passed: 3, failed: 2 });
  const unloadable = { ...file, status: "failed", assertionResults: [] };
  expect(tallyOf({ ...report, numFailedTests: 1, testResults: [file, unloadable] }, false).failed).toBe(2);
});

test("tallyOf() never calls a run good that crashed, ran nothing or ended badly", () => {
  expect(tallyOf(null, true).failed).toBe(1);
  expect(tallyOf({ ...report, numPassedTests: 0, testResults: [] }, true).failed).toBe(1);
  expect(tallyOf(report, false).failed).toBe(1);
});

test("failedIn() names the tests that failed, with what they said first", () => {
  const name = join(root, "src/a.test.ts");
  const failed = { status: "failed", fullName: "it fails", failureMessages: ["Error: no\n  at x"] };
  const testResults = [
    { name, status: "failed", assertionResults: [passed, failed] },
    { name, status: "failed", assertionResults: [] },
  ];
  expect(failedIn({ ...report, testResults })).toEqual([
    "src/a.test.ts: it fails: Error: no",
    "src/a.test.ts cannot be loaded",
  ]);
});
