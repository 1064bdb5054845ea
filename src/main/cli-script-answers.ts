import { runLua } from "#adapters/upstream/lua-runner.ts";
import type { Dialect } from "#core/app/dialect.ts";
import type { Answer } from "#core/health/expression-health.ts";
import type { ScriptValue } from "#core/health/script-health.ts";
import type { Resource } from "#core/resource/resource.ts";
import { withHelpers } from "./cli-files.ts";

/** What the scripts for the objects' kinds return. */
export async function scriptAnswers(
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
