import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { DialectName, EvalActions } from "#cli/eval.ts";
import type { Dialect } from "#core/app/dialect.ts";
import { evalObjectActions } from "./cli-eval-actions.ts";
import { evalDiff } from "./cli-eval-diff.ts";
import { evalHealth } from "./cli-eval-health.ts";
import { evalPlan } from "./cli-eval-plan.ts";
import { evalEnvsubst, evalSourceignore } from "./cli-eval-source.ts";
import { evalWindows } from "./cli-eval-windows.ts";
import { evalValues } from "./cli-eval-values.ts";
import { dialects } from "./dialects.ts";

/** Runs the controller's own functions on files. */
export const evalActions: EvalActions = {
  health: (input, signal) => evalHealth(input, dialectOf(input.dialect), signal),
  diff: (input, signal) => evalDiff(input, dialectOf(input.dialect), signal),
  plan: (input, signal) => evalPlan(input, dialectOf(input.dialect), signal),
  envsubst: evalEnvsubst,
  sourceignore: evalSourceignore,
  values: evalValues,
  ...evalObjectActions,
  windows: evalWindows,
};

function dialectOf(name: DialectName): Dialect {
  const dialect = dialects.find((one) => one.name === name);
  if (!dialect)
    throw new CliError(`Cannot use the rules of "${name}": they are not known`, { exitCode: exitCode.usage });
  return dialect;
}
