import { type GroupKind, kindKey, splitApiVersion } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";

/** How well an object or app does. */
export type HealthStatus = "Healthy" | "Suspended" | "Progressing" | "Missing" | "Degraded" | "Unknown";

/** A verdict with its reason. */
export interface Health {
  readonly status: HealthStatus;
  readonly message: string;
  /** It stands for an answer that is on its way. */
  readonly undecided?: true;
}

/** Judges one object; null: this rule has nothing to say. `now` is milliseconds since the epoch. */
export type HealthRule = (object: Resource, now: number) => Health | null;

/** A dialect's health rules: `first` runs for every kind, then the kind's own rule, then `otherwise`. */
export interface HealthTable {
  readonly first: readonly HealthRule[];
  /** By `group/Kind`. */
  readonly kinds: Readonly<Record<string, HealthRule>>;
  readonly otherwise: HealthRule;
  /** The script that goes before the kind's own rule, or null. */
  readonly scriptOf?: (object: Resource) => HealthScript | null;
}

/** A script that judges the objects of some kinds. */
export interface HealthScript {
  /** Stands for the script in messages. */
  readonly name: string;
  readonly text: string;
  /** Whether it may use more of its language's library than the least. */
  readonly openLibs: boolean;
}

/** The verdict of a table on an object; null when the table has no check for it. */
export function healthOf(object: Resource, table: HealthTable, now: number): Health | null {
  for (const rule of table.first) {
    const verdict = rule(object, now);
    if (verdict) return verdict;
  }
  const group: GroupKind = { group: splitApiVersion(object.apiVersion).group, kind: object.kind };
  const rule = table.kinds[kindKey(group)] ?? table.otherwise;
  return rule(object, now);
}

const SEVERITY: Readonly<Record<HealthStatus, number>> = {
  Healthy: 0,
  Suspended: 1,
  Progressing: 2,
  Missing: 3,
  Degraded: 4,
  Unknown: 5,
};

/** The worst of several verdicts; Healthy when there are none. */
export function worstOf(statuses: Iterable<HealthStatus>): HealthStatus {
  let worst: HealthStatus = "Healthy";
  for (const status of statuses) if (SEVERITY[status] > SEVERITY[worst]) worst = status;
  return worst;
}
