import { load } from "js-yaml";
import { humanDiff } from "#core/diff/human-diff.ts";
import { normaliseDesired } from "#core/diff/normalise-desired.ts";
import { healthOf } from "#core/health/health.ts";
import { globMatches } from "#core/policy/glob.ts";
import { type IdKey, keyOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { DialectName, DiffFiles, EvalActions, HealthLine, PathLine } from "#cli/eval.ts";
import type { Dialect } from "#core/app/dialect.ts";
import { evalPlan } from "./cli-eval-plan.ts";
import { evalEnvsubst, evalSourceignore } from "./cli-eval-source.ts";
import { evalValues } from "./cli-eval-values.ts";
import { markPaths } from "./cli-mark-paths.ts";
import { readObjects, readText } from "./cli-files.ts";
import { dialects } from "./dialects.ts";

/** Runs the controller's own functions on files. */
export const evalActions: EvalActions = {
  health,
  diff,
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

async function diff(input: DiffFiles, signal: AbortSignal): Promise<readonly PathLine[]> {
  const { rules } = dialectOf(input.dialect);
  const [desired, live] = await readObjects([input.desired, input.live], signal);
  const ignored = input.ignore === undefined ? [] : parseIgnore(await readText(input.ignore, signal), input.ignore);
  const liveByKey = new Map((live?.objects ?? []).map((object) => [keyOf(object), object]));
  const pairs = new Map<IdKey, { desired: Resource | null; live: Resource | null }>();
  for (const object of desired?.objects ?? []) {
    const key = keyOf(object);
    pairs.set(key, { desired: normaliseDesired(object), live: liveByKey.get(key) ?? null });
  }
  for (const [key, object] of liveByKey) if (!pairs.has(key)) pairs.set(key, { desired: null, live: object });
  return [...pairs].flatMap(([key, pair]) => {
    const paths = ignored.filter((rule) => concerns(rule, key)).flatMap((rule) => rule.pointers);
    const marks = markPaths.filter((path) => !isDeclared(pair.desired, path));
    const { manager, takeOver } = rules;
    const changes = humanDiff({ ...pair, manager, takeOver, ignoredPaths: [...paths, ...marks] });
    return changes.map(({ path, kind }) => ({ id: key, path, kind }));
  });
}

function dialectOf(name: DialectName): Dialect {
  const dialect = dialects.find((one) => one.name === name);
  if (!dialect)
    throw new CliError(`Cannot use the rules of "${name}": they are not known`, { exitCode: exitCode.usage });
  return dialect;
}

interface IgnoreRule {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly pointers: readonly string[];
}

/** Plain pointers concern every object; a list narrows by group, kind, namespace and name. */
function parseIgnore(text: string, file: string): readonly IgnoreRule[] {
  const lines = text.split("\n").map((line) => line.trim());
  const plain = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (plain.every((line) => line.startsWith("/"))) {
    return [{ group: "*", kind: "*", namespace: "", name: "", pointers: plain }];
  }
  const refusal = new CliError(
    `Cannot use ${file}: it holds neither JSON pointers, one per line, nor a list with jsonPointers`,
  );
  let list: unknown;
  try {
    list = load(text);
  } catch {
    throw refusal;
  }
  const entries: unknown = Array.isArray(list) ? list : (list as { ignoreDifferences?: unknown })?.ignoreDifferences;
  if (!Array.isArray(entries)) throw refusal;
  return entries.map((entry: Partial<Record<string, unknown>>) => {
    const pointers = entry["jsonPointers"];
    if (!Array.isArray(pointers) || !pointers.every((one) => typeof one === "string")) throw refusal;
    const text = (name: string, otherwise: string) => (typeof entry[name] === "string" ? entry[name] : otherwise);
    return {
      group: text("group", ""),
      kind: text("kind", "*"),
      namespace: text("namespace", ""),
      name: text("name", ""),
      pointers,
    };
  });
}

function concerns(rule: IgnoreRule, key: string): boolean {
  const [group = "", kind = "", namespace = "", ...name] = key.split("/");
  if (rule.name !== "" && rule.name !== name.join("/")) return false;
  if (rule.namespace !== "" && rule.namespace !== namespace) return false;
  return globMatches(rule.group, group) && globMatches(rule.kind, kind);
}

function isDeclared(object: Resource | null, path: string): boolean {
  if (!object) return true;
  const [, , member = "", name = ""] = path.split("/");
  const map = (object.metadata as unknown as Record<string, Record<string, unknown> | undefined>)[member];
  return map?.[name.replaceAll("~1", "/")] !== undefined;
}
