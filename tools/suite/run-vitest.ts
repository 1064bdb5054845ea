import { readFile, rm } from "node:fs/promises";
import { runCommand } from "./run-command.ts";
import type { Ended } from "./run-command.ts";
import { reportPath } from "./vitest-report.ts";
import type { VitestReport } from "./vitest-report.ts";

/** Projects of vitest.config.ts and whether people see them run. */
export interface VitestRun {
  readonly projects: readonly string[];
  readonly isShown: boolean;
}

/** Runs the tests of projects together; a run that went wrong without a failing test, or ran none, has a failure for that. */
export async function runVitest(
  { projects, isShown }: VitestRun,
  signal: AbortSignal,
): Promise<{ ended: Ended; report: VitestReport }> {
  const path = reportPath(projects);
  await rm(path, { force: true });
  const args = ["node_modules/vitest/vitest.mjs", "run", ...projects.map((name) => `--project=${name}`)];
  args.push("--silent=passed-only", "--reporter=./tools/suite/brief-reporter.ts");
  const ended = await runCommand({ args, isShown }, signal);
  const text = await readFile(path, "utf8").catch(() => null);
  const written = text === null ? null : (JSON.parse(text) as VitestReport);
  return { ended, report: honestReport(projects.join(" and "), written, ended.succeeded) };
}

/** The report of a run, with a failure when it is good in words only. */
export function honestReport(what: string, written: VitestReport | null, succeeded: boolean): VitestReport {
  const { passed, failures } = written ?? { passed: 0, failures: [] };
  if (failures.length > 0 || (succeeded && passed > 0)) return { passed, failures };
  const said = written === null ? "it ended before its report" : succeeded ? "no test ran" : "it ended badly";
  return { passed, failures: [{ title: `${what} tests`, said: [said] }] };
}
