import { expect, test } from "vitest";
import { tallyOf } from "./run-vitest.ts";

const file = { status: "passed", assertionResults: [{}] };
const report = { numPassedTests: 3, numFailedTests: 0, testResults: [file] };

test("tallyOf() counts tests, and files that could not even be loaded", () => {
  expect(tallyOf(report, true)).toEqual({ passed: 3, failed: 0 });
  expect(tallyOf({ ...report, numFailedTests: 2 }, false)).toEqual({ passed: 3, failed: 2 });
  const unloadable = { status: "failed", assertionResults: [] };
  expect(tallyOf({ ...report, numFailedTests: 1, testResults: [file, unloadable] }, false).failed).toBe(2);
});

test("tallyOf() never calls a run good that crashed, ran nothing or ended badly", () => {
  expect(tallyOf(null, true).failed).toBe(1);
  expect(tallyOf({ ...report, numPassedTests: 0, testResults: [] }, true).failed).toBe(1);
  expect(tallyOf(report, false).failed).toBe(1);
});
