import type { Desired } from "#core/plan/make-plan.ts";
import type { Change, Plan, Stage } from "#core/plan/plan.ts";
import { compareStages, type StageKey, stageText } from "#core/order/stage.ts";
import { gvkOf, type IdKey, idOf, keyOf } from "#core/resource/resource-id.ts";
import { HOOK_PHASES, type HookMoment, hookMark, type HookRules, type HookSpec } from "./hook.ts";
import { resultKey } from "./result-key.ts";

/** An object that runs as a hook, ready to be sent but for what one run adds. */
export interface PlannedHook {
  readonly desired: Desired;
  readonly spec: HookSpec;
}

/** The hooks of one sync. */
export interface HookInput {
  readonly hooks: readonly PlannedHook[];
  readonly moments: readonly HookMoment[];
  readonly rules: HookRules;
  readonly sync: { readonly startedAt: number; readonly retries: number; readonly commit: string };
  /** Runs that have ended, by the key of their result: a sync that goes on does not run them again. */
  readonly done: ReadonlySet<string>;
  /** Order of the app's own objects inside a stage. */
  readonly rankOf: (key: IdKey) => number;
}

/** A plan with its hooks, and the objects that they are made of. */
export interface HookedPlan {
  readonly plan: Plan;
  readonly extras: ReadonlyMap<IdKey, Desired>;
}

interface Run {
  readonly key: StageKey;
  readonly moment: HookMoment;
  readonly desired: Desired;
  readonly word: string;
  readonly clearsBefore: boolean;
}

/**
 * Adds hooks to a plan: those of the sync's own phase run among the objects of their wave, the others in stages before
 * and after, and at the end of it all, however it ends, what they left is let go or deleted.
 */
export function withHooks(plan: Plan, input: HookInput): HookedPlan {
  const runs = input.hooks.flatMap((hook) => runsOf(hook, input));
  if (runs.length === 0) return { plan, extras: new Map() };
  const due = runs.filter(({ desired, word }) => !input.done.has(resultKey(desired.key, word)));
  const regular = due.filter(({ moment }) => moment !== "failed");
  const failed = due.filter(({ moment }) => moment === "failed");
  const retired: Stage = {
    key: { phase: Number.MAX_SAFE_INTEGER, wave: 0, rank: 0 },
    gate: "none",
    when: "always",
    changes: runs.map((run) => changeOf(run, input, "retire")),
  };
  const stages = [...merged(plan.stages, regular, input), ...merged([], failed, input).map(onFailure), retired];
  return { plan: { ...plan, stages }, extras: new Map(runs.map(({ desired }) => [desired.key, desired])) };
}

function runsOf({ desired, spec }: PlannedHook, { moments, rules, sync }: HookInput): Run[] {
  return spec.moments
    .filter(({ moment }) => moments.includes(moment))
    .map(({ moment, word }) => {
      const mark = hookMark(sync, word);
      const resource = rules.runOf(desired.resource, { word, mark, commit: sync.commit, startedAt: sync.startedAt });
      const { version } = gvkOf(resource);
      return {
        key: { ...desired.stage, phase: HOOK_PHASES[moment] },
        moment,
        word,
        desired: { ...desired, key: keyOf(resource), id: idOf(resource), version, resource },
        clearsBefore: spec.clears.includes("before"),
      };
    });
}

function merged(stages: readonly Stage[], runs: readonly Run[], input: HookInput): Stage[] {
  const groups = new Map<string, Run[]>();
  for (const run of runs) {
    const text = stageText(run.key);
    groups.set(text, [...(groups.get(text) ?? []), run]);
  }
  const known = new Set(stages.map(({ key }) => stageText(key)));
  const own: Stage[] = [...groups.values()]
    .filter(([first]) => first && !known.has(stageText(first.key)))
    .map(([first]) => ({ key: (first as Run).key, gate: "healthy", changes: [] }));
  return [...stages, ...own]
    .sort((a, b) => compareStages(a.key, b.key))
    .flatMap((stage) => withRuns(stage, groups.get(stageText(stage.key)) ?? [], input));
}

function withRuns(stage: Stage, runs: readonly Run[], input: HookInput): Stage[] {
  if (runs.length === 0) return [stage];
  const cleared = runs.filter((run) => run.clearsBefore).map((run) => changeOf(run, input, "clear"));
  const ranks = new Map(runs.map(({ desired }) => [desired.key, desired.rank]));
  const rankOf = ({ key }: Change) => ranks.get(key) ?? input.rankOf(key);
  const changes = [...stage.changes, ...runs.map((run) => changeOf(run, input, "run"))].sort(
    (a, b) => rankOf(a) - rankOf(b) || (a.key < b.key ? -1 : 1),
  );
  const gate = stage.gate === "none" ? "healthy" : stage.gate;
  const clearing: Stage[] = cleared.length === 0 ? [] : [{ key: stage.key, gate: "gone", changes: cleared }];
  return [...clearing, { ...stage, gate, changes }];
}

function onFailure(stage: Stage): Stage {
  return { ...stage, when: "failed" };
}

const REASONS = { run: "hook", clear: "before the hook runs again", retire: "the hook has ended" } as const;

function changeOf(run: Run, { sync }: HookInput, action: keyof typeof REASONS): Change {
  const { key, id, version, resource, options } = run.desired;
  const base = { key, id, version, action, reason: `${run.word} ${REASONS[action]}`, paths: [], certificate: null };
  const hook = { word: run.word, mark: hookMark(sync, run.word) };
  return action === "run"
    ? { ...base, hook, desired: resource, options }
    : { ...base, hook, desired: null, options: null };
}
