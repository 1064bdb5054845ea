import { checkSteps } from "./suite/check-steps.ts";
import { runCommand } from "./suite/run-command.ts";
import type { Ended } from "./suite/run-command.ts";
import { runVitest } from "./suite/run-vitest.ts";
import type { Failure, VitestReport } from "./suite/vitest-report.ts";

/** Of what a step said, in the summary at the end. */
const linesTold = 5;

/** What needs a control plane; these share their processes, as those of one mostly wait. */
const projects = ["e2e", "faults"];

/** Runs the unit tests and, beside them, every other step one after the other; each counts as a test. */
async function check(signal: AbortSignal): Promise<VitestReport> {
  const failures: Failure[] = [];
  let passed = 0;
  const unit = runVitest({ projects: ["unit"], isShown: false }, signal).then(({ ended, report }) => {
    // What failed comes first, because some places keep only the beginning.
    const output = `${summaryOf(report.failures)}${ended.output.replaceAll(/^ok .*\n/gm, "")}`;
    print(`unit tests (${countsOf(report)})`, { ...ended, output }, report.failures.length === 0);
    return report;
  });
  for (const step of checkSteps) {
    if (signal.aborted) break;
    const ended = await runCommand(step, signal);
    print(step.name, ended, ended.succeeded);
    if (ended.succeeded) passed += 1;
    else failures.push({ title: `${step.name}: ${step.remedy}`, said: ended.output.split("\n").slice(0, linesTold) });
  }
  const report = await unit;
  return { passed: passed + report.passed, failures: [...failures, ...report.failures] };
}

async function shownTests(chosen: readonly string[], signal: AbortSignal): Promise<VitestReport> {
  const { ended, report } = await runVitest({ projects: chosen, isShown: true }, signal);
  print(`${chosen.join(" and ")} (${countsOf(report)})`, ended, report.failures.length === 0);
  return report;
}

function print(name: string, ended: Ended, isGood: boolean): void {
  const details = isGood || ended.output === "" ? "" : `${ended.output}\n`;
  process.stdout.write(
    `${isGood ? "ok    " : "FAILED"} ${ended.seconds.toFixed(1).padStart(6)} s  ${name}\n${details}`,
  );
}

function summaryOf(failures: readonly Failure[]): string {
  return failures.map(({ title, said }) => `  ${title}\n${said.map((line) => `    ${line}\n`).join("")}`).join("");
}

function countsOf({ passed, failures }: VitestReport): string {
  return `${passed} passed, ${failures.length} failed`;
}

async function main(names: readonly string[]): Promise<number> {
  const stopped = new AbortController();
  process.once("SIGINT", () => stopped.abort(new Error("Cannot go on: stopped by SIGINT")));
  process.once("SIGTERM", () => stopped.abort(new Error("Cannot go on: stopped by SIGTERM")));
  const stranger = names.find((name) => name !== "check" && !projects.includes(name));
  if (stranger !== undefined) throw new Error(`Cannot run ${stranger}: choose check, ${projects.join(", ")}`);
  const chosen = projects.filter((name) => names.includes(name));
  const reports: VitestReport[] = [];
  if (names.includes("check")) reports.push(await check(stopped.signal));
  if (chosen.length > 0 && !stopped.signal.aborted) reports.push(await shownTests(chosen, stopped.signal));
  if (stopped.signal.aborted) return 130;
  const passed = reports.reduce((sum, report) => sum + report.passed, 0);
  const failures = reports.flatMap((report) => report.failures);
  if (failures.length > 0) process.stdout.write(`\nWhat failed:\n${summaryOf(failures)}`);
  process.stdout.write(`\ntests: ${passed} passed, ${failures.length} failed\n`);
  return failures.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
