import { runLua } from "#adapters/upstream/lua-runner.ts";
import type { Dialect } from "#core/app/dialect.ts";
import { judge, type ScriptValue } from "#core/health/script-health.ts";
import type { Answer } from "#core/health/expression-health.ts";
import { keyOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { HealthLine } from "#cli/eval.ts";
import { dialectUnder } from "./cli-eval-config.ts";
import { readObjects, withHelpers } from "./cli-files.ts";

/** Judges the objects of files by a dialect's rules, and by the scripts of its settings. */
export async function evalHealth(
  { files, config }: { readonly files: readonly string[]; readonly config?: string },
  plain: Dialect,
  signal: AbortSignal,
): Promise<readonly HealthLine[]> {
  const dialect = config === undefined ? plain : await dialectUnder(plain, config, signal);
  const read = (await readObjects(files, signal)).flatMap(({ file, objects }) =>
    objects.map((object) => ({ file, object })),
  );
  const { rules } = dialect;
  const answers = await scriptAnswers(
    read.map(({ object }) => object),
    dialect,
    signal,
  );
  return read.map(({ file, object }) => {
    const ask = () => answers.get(object) ?? { kind: "pending" as const };
    const verdict = judge(object, rules.health, { now: Date.now(), ask });
    const status = verdict ? rules.healthWords[verdict.status] : null;
    return { file, id: keyOf(object), status, message: verdict?.message ?? "" };
  });
}

/** What the scripts for the objects' kinds return. */
async function scriptAnswers(
  objects: readonly Resource[],
  { rules }: Dialect,
  signal: AbortSignal,
): Promise<ReadonlyMap<Resource, Answer<ScriptValue>>> {
  const runs = objects.flatMap((object) => {
    const script = rules.health.scriptOf?.(object);
    return script ? [{ ...script, object }] : [];
  });
  if (runs.length === 0) return new Map();
  const answers = await withHelpers((helpers) => runLua(helpers, runs, signal));
  return new Map(
    runs.map(({ object }, index) => {
      const given = answers[index] ?? { error: "no answer" };
      return [
        object,
        "error" in given ? { kind: "error", message: given.error } : { kind: "value", value: given.value },
      ] as const;
    }),
  );
}
