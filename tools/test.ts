import { checkSteps } from "./suite/check-steps.ts";
import { runCommand } from "./suite/run-command.ts";
import type { Ended } from "./suite/run-command.ts";
import { runVitest } from "./suite/run-vitest.ts";
import type { Tally } from "./suite/run-vitest.ts";

interface Outcome extends Tally {
  /** One line for each thing that failed. */
  readonly failures: readonly string[];
}

const suites: Readonly<Record<string, (signal: AbortSignal) => Promise<Outcome>>> = {
  check,
  e2e: (signal) => shownTests("e2e", signal),
  faults: (signal) => shownTests("faults", signal),
};

/** Runs the unit tests and, beside them, every other step one after the other; each counts as a test. */
async function check(signal: AbortSignal): Promise<Outcome> {
  const failures: string[] = [];
  let passed = 0;
  const unit = runVitest({ project: "unit", isShown: false }, signal).then((run) => {
    const { ended, tally } = run;
    print(`unit tests (${tally.passed} passed, ${tally.failed} failed)`, ended, tally.failed === 0);
    return run;
  });
  for (const step of checkSteps) {
    if (signal.aborted) break;
    const ended = await runCommand(step, signal);
    print(step.name, ended, ended.succeeded);
    if (ended.succeeded) passed += 1;
    else failures.push(`${step.name}: ${step.remedy}`);
  }
  const { tally, failed } = await unit;
  const counts = { passed: passed + tally.passed, failed: failures.length + tally.failed };
  return { ...counts, failures: [...failures, ...namesOf("unit tests", tally, failed)] };
}

async function shownTests(project: string, signal: AbortSignal): Promise<Outcome> {
  const { ended, tally, failed } = await runVitest({ project, isShown: true }, signal);
  print(project, ended, tally.failed === 0);
  return { ...tally, failures: namesOf(project, tally, failed) };
}

/** A run may go wrong without a failing test. */
function namesOf(project: string, tally: Tally, failed: readonly string[]): readonly string[] {
  if (tally.failed === 0) return [];
  return failed.length === 0 ? [`${project}: see above`] : failed;
}

function print(name: string, ended: Ended, isGood: boolean): void {
  const details = isGood || ended.output === "" ? "" : `${ended.output}\n`;
  process.stdout.write(
    `${isGood ? "ok    " : "FAILED"} ${ended.seconds.toFixed(1).padStart(6)} s  ${name}\n${details}`,
  );
}

async function main(names: readonly string[]): Promise<number> {
  const stopped = new AbortController();
  process.once("SIGINT", () => stopped.abort(new Error("Cannot go on: stopped by SIGINT")));
  process.once("SIGTERM", () => stopped.abort(new Error("Cannot go on: stopped by SIGTERM")));
  const outcomes: Outcome[] = [];
  for (const name of names) {
    const suite = suites[name];
    if (suite === undefined) throw new Error(`Cannot run ${name}: choose ${Object.keys(suites).join(", ")}`);
    outcomes.push(await suite(stopped.signal));
    if (stopped.signal.aborted) return 130;
  }
  const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
  const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
  const failures = outcomes.flatMap((outcome) => outcome.failures);
  if (failures.length > 0) process.stdout.write(`\nWhat failed:\n${failures.map((line) => `  ${line}\n`).join("")}`);
  process.stdout.write(`\ntests: ${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
