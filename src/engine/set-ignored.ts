import type { AppSet } from "#core/app/app-set.ts";
import type { SetRules } from "#core/app/dialect.ts";
import type { Ignored } from "#core/diff/ignored-fields.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { FieldQueries } from "./field-queries.ts";
import { ignoredBetween, loadIgnored } from "./ignored-fields.ts";

/** The apps of a set: as it wants them, and as they are. */
interface Members {
  readonly rules: SetRules;
  readonly set: AppSet;
  readonly apps: readonly Resource[];
  readonly liveOf: (name: string) => Resource | null;
}

/**
 * The fields of apps that are there whose differences from what a set wants do not count, by the app's name.
 * @throws IgnoreRuleError
 */
export async function ignoredInMembers(
  queries: FieldQueries,
  { rules, set, apps, liveOf }: Members,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Ignored>> {
  const compared = apps.flatMap((desired) => {
    const { name } = desired.metadata;
    const live = liveOf(name);
    return live ? [{ desired, live, options: rules.ignoredIn(set, name) }] : [];
  });
  await loadIgnored(queries, compared, signal);
  const ignored = new Map<string, Ignored>();
  for (const pair of compared) {
    ignored.set(pair.desired.metadata.name, await ignoredBetween(queries, pair, signal));
  }
  return ignored;
}
