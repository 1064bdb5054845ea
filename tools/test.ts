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
  const unit = runVitest({ project: "unit", isShown: false }, signal).then(({ ended, tally }) => {
    print(`unit tests (${tally.passed} passed, ${tally.failed} failed)`, ended, tally.failed === 0);
    if (tally.failed > 0) failures.push("unit tests: see above");
    return tally;
  });
  for (const step of checkSteps) {
    if (signal.aborted) break;
    const ended = await runCommand(step, signal);
    print(step.name, ended, ended.succeeded);
    if (ended.succeeded) passed += 1;
    else failures.push(`${step.name}: ${step.remedy}`);
  }
  const tally = await unit;
  const stepFailures = failures.length - (tally.failed > 0 ? 1 : 0);
  return { passed: passed + tally.passed, failed: stepFailures + tally.failed, failures };
}

async function shownTests(project: string, signal: AbortSignal): Promise<Outcome> {
  const { ended, tally } = await runVitest({ project, isShown: true }, signal);
  print(project, ended, tally.failed === 0);
  return { ...tally, failures: tally.failed === 0 ? [] : [`${project}: see above`] };
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
