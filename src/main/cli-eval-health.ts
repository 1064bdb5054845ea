import type { Dialect } from "#core/app/dialect.ts";
import { judge } from "#core/health/script-health.ts";
import { keyOf } from "#core/resource/resource-id.ts";
import type { HealthLine } from "#cli/eval.ts";
import { dialectUnder } from "./cli-eval-config.ts";
import { readObjects } from "./cli-files.ts";
import { scriptAnswers } from "./cli-script-answers.ts";

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
