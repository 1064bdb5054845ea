import { readFile, rm } from "node:fs/promises";
import { join, relative } from "node:path";
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
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
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
): Promise<{ ended: Ended; tally: Tally; failed: readonly string[] }> {
  const report = join(root, ".build/tests", `${project}.json`);
  await rm(report, { force: true });
  const args = ["node_modules/vitest/vitest.mjs", "run", "--project", project];
  args.push("--reporter=default", "--reporter=json", `--outputFile.json=${report}`);
  const ended = await runCommand({ args, isShown }, signal);
  const text = await readFile(report, "utf8").catch(() => null);
  const found = text === null ? null : (JSON.parse(text) as VitestReport);
  return { ended, tally: tallyOf(found, ended.succeeded), failed: found === null ? [] : failedIn(found) };
}

/** A line for each test that failed and each file that could not be loaded, with the beginning of what it said. */
export function failedIn({ testResults }: VitestReport): readonly string[] {
  return testResults.flatMap(({ name, status, assertionResults }) => {
    const file = relative(root, name);
    if (status === "failed" && assertionResults.length === 0) return [`${file} cannot be loaded`];
    return assertionResults.flatMap(({ status: outcome, fullName, failureMessages: [said = ""] = [] }) =>
      outcome === "failed" ? [`${file}: ${fullName}: ${said.split("\n")[0]}`] : [],
    );
  });
}

/** Counts a run; one that went wrong without a failing test, or ran none, counts as one failure. */
export function tallyOf(report: VitestReport | null, succeeded: boolean): Tally {
  if (report === null) return { passed: 0, failed: 1 };
  const broken = report.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0);
  const failed = report.numFailedTests + broken.length;
  const isFine = succeeded && report.numPassedTests > 0;
  return { passed: report.numPassedTests, failed: isFine ? failed : Math.max(1, failed) };
}
