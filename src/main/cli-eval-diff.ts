import type { App } from "#core/app/app.ts";
import type { Dialect } from "#core/app/dialect.ts";
import type { ObjectOptions } from "#core/app/rules.ts";
import { humanDiff } from "#core/diff/human-diff.ts";
import { normaliseDesired } from "#core/diff/normalise-desired.ts";
import { type IdKey, keyOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { jqFinder } from "#adapters/upstream/jq-paths.ts";
import type { DiffFiles, PathLine } from "#cli/eval.ts";
import { FieldQueries } from "#engine/field-queries.ts";
import { ignoredBetween } from "#engine/ignored-fields.ts";
import { dialectUnder } from "./cli-eval-config.ts";
import { appIn } from "./cli-eval-plan.ts";
import { readObjects, readText, withHelpers } from "./cli-files.ts";
import { type FileIgnoreRule, ignoreConcerns, parseIgnoreFile } from "./cli-ignore-file.ts";
import { markPaths } from "./cli-mark-paths.ts";

interface Pair {
  readonly desired: Resource | null;
  readonly live: Resource | null;
}

/** Compares the objects of two files, by the rules of a vendor, an installation and an app where they are given. */
export async function evalDiff(input: DiffFiles, plain: Dialect, signal: AbortSignal): Promise<readonly PathLine[]> {
  const names = [input.desired, input.live, ...(input.app === undefined ? [] : [input.app])];
  const [desired, live, apps] = await readObjects(names, signal);
  const dialect = input.config === undefined ? plain : await dialectUnder(plain, input.config, signal);
  const isAsked = input.app !== undefined || input.config !== undefined;
  const app = isAsked ? appIn(input, dialect, { apps: apps?.objects ?? [], live: [], inventory: [] }) : null;
  const rules = input.ignore === undefined ? [] : parseIgnoreFile(await readText(input.ignore, signal), input.ignore);
  return withHelpers(async (pools) => {
    const queries = new FieldQueries(jqFinder(pools));
    const lines: PathLine[] = [];
    for (const [key, pair] of pairsOf(desired?.objects ?? [], live?.objects ?? [])) {
      const options = optionsFor({ key, pair }, { rules, dialect, app });
      const both = pair.desired && pair.live ? { desired: pair.desired, live: pair.live, options } : null;
      const ignoredPaths = both ? await ignoredBetween(queries, both, signal) : [];
      const { manager, takeOver } = dialect.rules;
      const changes = humanDiff({ ...pair, manager, takeOver, ignoredPaths });
      lines.push(...changes.map(({ path, kind }) => ({ id: key, path, kind })));
    }
    return lines;
  });
}

function pairsOf(desired: readonly Resource[], live: readonly Resource[]): ReadonlyMap<IdKey, Pair> {
  const liveByKey = new Map(live.map((object) => [keyOf(object), object]));
  const pairs = new Map<IdKey, Pair>();
  for (const object of desired) {
    const key = keyOf(object);
    pairs.set(key, { desired: normaliseDesired(object), live: liveByKey.get(key) ?? null });
  }
  for (const [key, object] of liveByKey) if (!pairs.has(key)) pairs.set(key, { desired: null, live: object });
  return pairs;
}

type IgnoreOptions = Pick<ObjectOptions, "ignoredPaths"> & { ignoredBy: NonNullable<ObjectOptions["ignoredBy"]> };

function optionsFor(
  { key, pair }: { key: IdKey; pair: Pair },
  by: { rules: readonly FileIgnoreRule[]; dialect: Dialect; app: App | null },
): IgnoreOptions {
  const { desired, live } = pair;
  const own = desired && by.app ? by.dialect.rules.optionsOf(desired, live, by.app) : null;
  const concerned = by.rules.filter((rule) => ignoreConcerns(rule, key));
  const marks = markPaths.filter((path) => !isDeclared(desired, path));
  return {
    ignoredPaths: [...(own?.ignoredPaths ?? []), ...concerned.flatMap(({ pointers }) => pointers), ...marks],
    ignoredBy: {
      queries: [...(own?.ignoredBy?.queries ?? []), ...concerned.flatMap(({ queries }) => queries)],
      managers: [...(own?.ignoredBy?.managers ?? []), ...concerned.flatMap(({ managers }) => managers)],
    },
  };
}

function isDeclared(object: Resource | null, path: string): boolean {
  if (!object) return true;
  const [, , member = "", name = ""] = path.split("/");
  const map = (object.metadata as unknown as Record<string, Record<string, unknown> | undefined>)[member];
  return map?.[name.replaceAll("~1", "/")] !== undefined;
}
