import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { root, runCommand } from "./run-command.ts";
import type { Ended } from "./run-command.ts";

/** How many tests passed and failed. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

/** What vitest writes about a run, as far as we read it. */
interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

/** A project of vitest.config.ts and whether people see it run. */
export interface VitestRun {
  readonly project: string;
  readonly isShown: boolean;
}

/** Runs the tests of a project and counts them. */
export async function runVitest(
  { project, isShown }: VitestRun,
  signal: AbortSignal,
): Promise<{ ended: Ended; tally: Tally }> {
  const report = join(root, ".build/tests", `${project}.json`);
  await rm(report, { force: true });
  const args = ["node_modules/vitest/vitest.mjs", "run", "--project", project];
  args.push("--reporter=default", "--reporter=json", `--outputFile.json=${report}`);
  const ended = await runCommand({ args, isShown }, signal);
  const text = await readFile(report, "utf8").catch(() => null);
  return { ended, tally: tallyOf(text === null ? null : (JSON.parse(text) as VitestReport), ended.succeeded) };
}

/** Counts a run; one that went wrong without a failing test, or ran none, counts as one failure. */
export function tallyOf(report: VitestReport | null, succeeded: boolean): Tally {
  if (report === null) return { passed: 0, failed: 1 };
  const broken = report.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0);
  const failed = report.numFailedTests + broken.length;
  const isFine = succeeded && report.numPassedTests > 0;
  return { passed: report.numPassedTests, failed: isFine ? failed : Math.max(1, failed) };
}
