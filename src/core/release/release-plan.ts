import type { StageGate } from "#core/order/stage.ts";
import type { Change, Plan, Stage } from "#core/plan/plan.ts";
import type { Desired } from "#core/plan/make-plan.ts";
import type { HelmHookEvent, HelmReleaseHook } from "#core/helm/release.ts";
import type { IdKey } from "#core/resource/resource-id.ts";

/** A hook and its object, ready to be sent. */
export interface ReleaseHook {
  readonly hook: HelmReleaseHook;
  readonly desired: Desired;
}

/** What an action does besides writing and removing the release's own objects. */
export interface ReleaseSteps {
  /** Written first and never owned: definitions, the release's namespace. */
  readonly first: readonly Desired[];
  readonly hooks: readonly ReleaseHook[];
  readonly before: HelmHookEvent | null;
  readonly after: HelmHookEvent | null;
  /** What must hold of the release's objects before the hooks that come after them. */
  readonly gate: StageGate;
  readonly awaits: readonly IdKey[];
}

/** Definitions are never removed by a hook's policy: their instances would go with them. */
const lasting = "CustomResourceDefinition";

/** A plan with a release's other steps around it. */
export function withReleaseSteps(plan: Plan, steps: ReleaseSteps): Plan {
  const stages = [
    ...firstStages(steps.first),
    ...hookStages(steps, steps.before),
    ...plan.stages,
    ...waitStages(steps),
    ...hookStages(steps, steps.after),
  ];
  return { ...plan, stages };
}

/** The stages that run the hooks of an event one after another, by weight and name. */
export function hookStages({ hooks }: Pick<ReleaseSteps, "hooks">, event: HelmHookEvent | null): Stage[] {
  if (event === null) return [];
  const due = hooksOf(hooks, event);
  const stages = due.flatMap(({ hook, desired }): Stage[] => {
    const title = `${event} hook ${hook.path ?? desired.id.name}`;
    const run: Stage = {
      ...stage("finished", [change(desired, "run", `${event} hook`)]),
      awaits: [desired.key],
      title,
    };
    if (!clearsBefore(hook) || desired.id.kind === lasting) return [run];
    const cleared = stage("gone", [change(desired, "clear", `before the ${event} hook runs again`)]);
    return [{ ...cleared, awaits: [desired.key], title }, run];
  });
  const spent = due.filter((one) => isCleared(one, "hook-succeeded"));
  if (spent.length === 0) return stages;
  const changes = spent.map(({ desired }) => change(desired, "clear", `the ${event} hook succeeded`));
  return [...stages, stage("none", changes)];
}

/** The hooks of an event in the order in which they run. */
export function hooksOf(hooks: readonly ReleaseHook[], event: HelmHookEvent): readonly ReleaseHook[] {
  const due = hooks.filter(({ hook }) => hook.events?.includes(event));
  return due.toSorted((a, b) => (a.hook.weight ?? 0) - (b.hook.weight ?? 0) || byName(a, b));
}

/** Whether a policy deletes what a hook made. */
export function isCleared({ hook, desired }: ReleaseHook, policy: "hook-succeeded" | "hook-failed"): boolean {
  return desired.id.kind !== lasting && (hook.delete_policies ?? []).includes(policy);
}

/** A hook's object as something to be deleted or written. */
export function change(desired: Desired, action: "run" | "clear", reason: string): Change {
  const { key, id, version, resource, options } = desired;
  const base = { key, id, version, action, reason, paths: [], certificate: null };
  return action === "run" ? { ...base, desired: resource, options } : { ...base, desired: null, options: null };
}

function firstStages(first: readonly Desired[]): Stage[] {
  if (first.length === 0) return [];
  return [
    stage(
      "none",
      first.map((desired) => change(desired, "run", "comes before the release")),
    ),
  ];
}

function waitStages({ gate, awaits }: ReleaseSteps): Stage[] {
  return gate === "none" || awaits.length === 0 ? [] : [{ ...stage(gate, []), awaits }];
}

function stage(gate: StageGate, changes: readonly Change[]): Stage {
  return { key: { phase: 0, wave: 0, rank: 0 }, gate, changes };
}

/** Without a policy, what an earlier run left is deleted before the next. */
function clearsBefore({ delete_policies: policies = [] }: HelmReleaseHook): boolean {
  return policies.length === 0 || policies.includes("before-hook-creation");
}

function byName(a: ReleaseHook, b: ReleaseHook): number {
  return (a.hook.name ?? "") < (b.hook.name ?? "") ? -1 : 1;
}
