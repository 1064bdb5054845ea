import { healthOf } from "#core/health/health.ts";
import { keyOf } from "#core/resource/resource-id.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { DialectName, EvalActions, HealthLine } from "#cli/eval.ts";
import type { Dialect } from "#core/app/dialect.ts";
import { evalDiff } from "./cli-eval-diff.ts";
import { evalPlan } from "./cli-eval-plan.ts";
import { evalEnvsubst, evalSourceignore } from "./cli-eval-source.ts";
import { evalValues } from "./cli-eval-values.ts";
import { readObjects } from "./cli-files.ts";
import { dialects } from "./dialects.ts";

/** Runs the controller's own functions on files. */
export const evalActions: EvalActions = {
  health,
  diff: (input, signal) => evalDiff(input, dialectOf(input.dialect), signal),
  plan: (input, signal) => evalPlan(input, dialectOf(input.dialect), signal),
  envsubst: evalEnvsubst,
  sourceignore: evalSourceignore,
  values: evalValues,
};

async function health(
  input: { dialect: DialectName; files: readonly string[] },
  signal: AbortSignal,
): Promise<readonly HealthLine[]> {
  const { rules } = dialectOf(input.dialect);
  const files = await readObjects(input.files, signal);
  return files.flatMap(({ file, objects }) =>
    objects.map((object) => {
      const verdict = healthOf(object, rules.health, Date.now());
      const status = verdict ? rules.healthWords[verdict.status] : null;
      return { file, id: keyOf(object), status, message: verdict?.message ?? "" };
    }),
  );
}

function dialectOf(name: DialectName): Dialect {
  const dialect = dialects.find((one) => one.name === name);
  if (!dialect)
    throw new CliError(`Cannot use the rules of "${name}": they are not known`, { exitCode: exitCode.usage });
  return dialect;
}
