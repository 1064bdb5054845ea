import type { AppSet, GeneratedSet, SetRollout } from "#core/app/app-set.ts";
import type { Ignored } from "#core/diff/ignored-fields.ts";
import type { MemberChange } from "#core/app/member-change.ts";
import type { SetRules } from "#core/app/dialect.ts";
import { setBudgetRefusal } from "#core/plan/set-budget.ts";
import { digestOf } from "#core/resource/digest.ts";
import type { Resource } from "#core/resource/resource.ts";

/** One app to be written. */
export interface PlannedWrite {
  readonly wanted: Resource;
  readonly change: Extract<MemberChange, { kind: "create" | "update" }>;
  readonly live: Resource | null;
  readonly ignored: Ignored;
}

/** What a set does to its apps. */
export interface SetPlan {
  readonly writes: readonly PlannedWrite[];
  readonly deletions: readonly Resource[];
  /** Why deletions wait for a person. */
  readonly held: { readonly reason: string; readonly digest: string; readonly names: readonly string[] } | null;
  readonly problems: readonly string[];
}

/** Compares what a set generates with the apps that are there: a pure function of both. */
export function setPlan(
  {
    set,
    rules,
    generated,
    rollout,
  }: {
    readonly set: AppSet;
    readonly rules: SetRules;
    readonly generated: GeneratedSet;
    readonly rollout: SetRollout;
  },
  {
    liveOf,
    members,
    ignored,
  }: {
    readonly liveOf: (name: string) => Resource | null;
    readonly members: readonly Resource[];
    /** By the name of an app that is there. */
    readonly ignored: ReadonlyMap<string, Ignored>;
  },
): SetPlan {
  const writes: PlannedWrite[] = [];
  const problems = [...generated.problems];
  for (const wanted of rollout.apps) {
    const live = liveOf(wanted.metadata.name);
    if (live?.metadata.deletionTimestamp !== undefined) continue;
    const order = rollout.orders.get(wanted.metadata.name);
    const fields = ignored.get(wanted.metadata.name) ?? [];
    const needed = rules.changeOf(set, { wanted, live }, fields);
    const change = withOrder(needed, order === undefined ? null : rules.ordered(order));
    if (change.kind === "refused") problems.push(change.message);
    else if (change.kind === "create" || (change.kind === "update" && set.update))
      writes.push({ wanted, change, live, ignored: fields });
  }
  const left = members.filter(({ metadata }) => !generated.names.has(metadata.name));
  const doomed = set.delete ? left.filter(({ metadata }) => metadata.deletionTimestamp === undefined) : [];
  const sorted = doomed.map(({ metadata }) => metadata).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const names = sorted.map(({ name }) => name);
  const digest = digestOf(sorted.map(({ name, uid }) => [name, uid]));
  const refusal = setBudgetRefusal({ recorded: members.length, doomed: doomed.length }, set.budget);
  const isHeld = refusal !== null && set.approval !== digest;
  return {
    writes,
    problems,
    deletions: isHeld ? [] : doomed,
    held: isHeld ? { reason: refusal, digest, names } : null,
  };
}

function withOrder(change: MemberChange, order: Readonly<Record<string, unknown>> | null): MemberChange {
  if (order === null || change.kind === "create" || change.kind === "refused") return change;
  return { kind: "update", patch: change.kind === "update" ? { ...change.patch, ...order } : order };
}
