import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AppKey } from "#core/app/app.ts";
import type { ObjectResult } from "#core/app/app-report.ts";
import { compareStages, type StageKey } from "#core/order/stage.ts";
import type { Desired } from "#core/plan/make-plan.ts";
import type { Change, Plan, Stage } from "#core/plan/plan.ts";
import { type IdKey, keyOf } from "#core/resource/resource-id.ts";
import { annotationsOf } from "#core/resource/resource.ts";
import { HOOK_PHASES, type HookClearing, type HookMoment, type HookRules } from "./hook.ts";
import { type PlannedHook, withHooks } from "./hook-stages.ts";
import type { ObservedHealth } from "./judge-health.ts";
import { resultKey } from "./result-key.ts";
import { newSync, step, type SyncEvent, type SyncState } from "./sync-machine.ts";

/** One object or hook; it is healthy, or fails, after some looks. */
interface Item {
  readonly name: string;
  readonly wave: number;
  readonly looks: number;
  readonly fails: boolean;
  readonly moments: readonly HookMoment[];
  readonly clears: readonly HookClearing[];
}

const SYNC = { startedAt: 1_000, retries: 0, commit: "c1" };
const MOMENTS: readonly HookMoment[] = ["before", "during", "after", "failed"];
const rules: HookRules = {
  of: () => null,
  runOf: (resource, run) => ({
    ...resource,
    metadata: { ...resource.metadata, annotations: { run: run.mark } },
  }),
  markOf: (live) => annotationsOf(live)["run"] ?? null,
  finalizer: "kept",
};

const anyItem = (prefix: string, moments: fc.Arbitrary<readonly HookMoment[]>) =>
  fc
    .array(
      fc.record({
        wave: fc.integer({ min: -1, max: 1 }),
        looks: fc.nat(2),
        fails: fc.integer({ min: 0, max: 7 }).map((number) => number === 0),
        moments,
        clears: fc.subarray<HookClearing>(["before", "succeeded", "failed"]),
      }),
      { maxLength: 4 },
    )
    .map((items) => items.map((item, index): Item => ({ ...item, name: `${prefix}${index}` })));
const anyItems = fc
  .tuple(anyItem("o", fc.constant([])), anyItem("h", fc.subarray([...MOMENTS], { minLength: 1, maxLength: 2 })))
  .map(([objects, hooks]) => [...objects, ...hooks]);

function desiredOf({ name, wave }: Item): Desired {
  const resource = { apiVersion: "v1", kind: "Thing", metadata: { name, namespace: "a" } };
  const id = { group: "", kind: "Thing", namespace: "a", name };
  const options = { counted: true } as Desired["options"];
  return {
    key: keyOf(resource),
    id,
    version: "v1",
    resource,
    options,
    stage: { phase: 0, wave, rank: 0 },
    rank: 0,
    input: "",
  };
}

class Crash extends Error {}

/** A cluster and a status, as a controller finds and leaves them; `left` effects happen before it dies. */
class World {
  readonly live = new Map<IdKey, { mark: string; looks: number; fails: boolean }>();
  readonly runs: string[] = [];
  results: ReadonlyMap<string, ObjectResult> = new Map();
  left = Number.POSITIVE_INFINITY;
  readonly #items: ReadonlyMap<string, Item>;

  constructor(items: readonly Item[]) {
    this.#items = new Map(items.map((item) => [item.name, item]));
  }

  effect(): void {
    if (this.left-- <= 0) throw new Crash();
  }

  tell(results: ReadonlyMap<string, ObjectResult>): void {
    this.effect();
    this.results = new Map(results);
  }

  create(change: Change): void {
    const { name } = change.id;
    const mark = change.hook?.mark ?? "";
    if (this.live.get(change.key)?.mark === mark) return;
    this.effect();
    const { looks = 0, fails = false } = this.#items.get(name) ?? {};
    this.runs.push(change.hook ? `${name} ${change.hook.word}` : name);
    this.live.set(change.key, { mark, looks, fails });
  }

  remove(key: IdKey): void {
    this.effect();
    this.live.delete(key);
  }

  look(key: IdKey, leaving: string | null): ObservedHealth {
    const live = this.live.get(key);
    if (leaving !== null) return { status: live && live.mark !== leaving ? "Progressing" : null, text: key };
    if (!live) return { status: "Missing", text: key };
    if (live.looks > 0) {
      live.looks -= 1;
      return { status: "Progressing", text: key, hook: "running" };
    }
    return { status: live.fails ? "Degraded" : "Healthy", text: key, hook: "ended" };
  }
}

function planOf(items: readonly Item[], world: World): Plan {
  const waves = [...new Set(items.map(({ wave }) => wave))].sort((a, b) => a - b);
  const stages = waves.map((wave): Stage => {
    const own = items.filter((item) => item.moments.length === 0 && item.wave === wave).map(desiredOf);
    const changes = own.map(({ key, id, version, resource, options }): Change => {
      const action = world.live.has(key) ? "none" : "create";
      return { key, id, version, action, reason: "", paths: [], desired: resource, options, certificate: null };
    });
    return { key: { phase: 0, wave, rank: 0 }, gate: "healthy", changes };
  });
  return { app: "app/a/b" as AppKey, revision: "1", stages, held: [], waiting: 0, digest: "" };
}

function hooksOf(items: readonly Item[]): PlannedHook[] {
  return items
    .filter(({ moments }) => moments.length > 0)
    .map((item) => ({
      desired: desiredOf(item),
      spec: { moments: item.moments.map((moment) => ({ moment, word: moment })), clears: item.clears },
    }));
}

/** Does what the engine does: tells before it begins and before it deletes, creates once, and looks. */
function work(world: World, items: readonly Item[], onCreate: (stage: StageKey) => void = () => {}): SyncState {
  const before = world.results;
  const ended = [...before.values()].filter(({ hook, phase }) => hook && phase && phase !== "Running");
  const { plan } = withHooks(planOf(items, world), {
    hooks: hooksOf(items),
    moments: MOMENTS,
    rules,
    sync: SYNC,
    done: new Set(ended.map(({ key, hook }) => resultKey(key, hook))),
    rankOf: () => 0,
  });
  const kept = [...before].filter(([, { hook, phase }]) => hook !== undefined || phase === "Failed");
  let state = newSync(plan, [], { now: 0, deadline: 1_000, results: new Map(kept) });
  let event: SyncEvent = { kind: "begin" };
  for (let turns = 0; state.outcome === "running"; turns++) {
    if (turns > 300) throw new Error("the sync does not end");
    const turn = step(state, event, "plan");
    state = turn.state;
    event = answer(world, { turn, state }, onCreate);
  }
  world.tell(state.results);
  return state;
}

function answer(
  world: World,
  { turn, state }: { turn: ReturnType<typeof step>; state: SyncState },
  onCreate: (stage: StageKey) => void,
): SyncEvent {
  const { command } = turn;
  const stage = state.plan.stages[state.cursor];
  if (command?.kind === "preflight") return { kind: "preflighted", refusals: [] };
  if (command?.kind === "write") {
    if (command.changes.some(({ hook }) => hook)) world.tell(state.results);
    return {
      kind: "written",
      results: command.changes.map((change) => writeOne(world, { change, state }, () => stage && onCreate(stage.key))),
    };
  }
  const changes = stage?.changes ?? [];
  const keys = changes.map(({ key }) => key);
  const markOf = (key: IdKey) => changes.find((change) => change.key === key)?.hook?.mark ?? "";
  const asked = command?.kind === "observe" ? command.keys : keys;
  return {
    kind: "observed",
    now: 1,
    health: new Map(asked.map((key) => [key, world.look(key, stage?.gate === "gone" ? markOf(key) : null)])),
  };
}

function writeOne(
  world: World,
  { change, state }: { change: Change; state: SyncState },
  onCreate: () => void,
): ObjectResult {
  const { key, id, version, action, hook } = change;
  const live = world.live.get(key);
  const base = { key, id, version, message: "", ...(hook && { hook: hook.word }) };
  if (action === "clear") {
    if (live && live.mark !== hook?.mark) world.remove(key);
    return { ...base, outcome: "deleted" };
  }
  if (action === "retire") {
    if (live?.mark === hook?.mark && state.ending?.outcome === "failed") world.remove(key);
    return { ...base, outcome: "unchanged" };
  }
  onCreate();
  world.create(change);
  return { ...base, outcome: "created" };
}

/** The end: what is there, and what ran. */
function endOf(world: World, { outcome }: SyncState) {
  return { outcome, live: [...world.live.keys()].sort(), runs: world.runs.toSorted() };
}

describe("a sync with hooks", () => {
  test("touches nothing of a later stage before the earlier ones are healthy and their hooks have ended", () => {
    fc.assert(
      fc.property(anyItems, (items) => {
        const world = new World(items);
        const stages = new Map<string, StageKey>();
        work(world, items, (stage) => {
          for (const [name, earlier] of stages) {
            if (compareStages(earlier, stage) >= 0 || stage.phase === HOOK_PHASES.failed) continue;
            const key = `/Thing/a/${name}` as IdKey;
            expect(world.live.get(key), `${name} before ${JSON.stringify(stage)}`).toMatchObject({
              looks: 0,
              fails: false,
            });
          }
          for (const item of items.filter(({ moments, wave }) => moments.length === 0 && wave === stage.wave))
            if (stage.phase === 0) stages.set(item.name, stage);
        });
      }),
    );
  });

  test("runs each of its hooks exactly once when it succeeds, and those for failures only when it fails", () => {
    fc.assert(
      fc.property(anyItems, (items) => {
        const world = new World(items);
        const { outcome } = work(world, items);
        expect(world.runs.length).toBe(new Set(world.runs).size);
        const due = items.flatMap(({ name, moments }) =>
          moments.map((moment) => ({ moment, text: `${name} ${moment}` })),
        );
        for (const { moment, text } of due) {
          if (outcome === "succeeded") expect(world.runs.includes(text)).toBe(moment !== "failed");
        }
        if (outcome === "succeeded")
          expect(items.some(({ fails, moments }) => fails && moments.includes("before"))).toBe(false);
      }),
    );
  });

  test("comes to the same end wherever the controller dies, and runs nothing twice", () => {
    fc.assert(
      fc.property(anyItems, fc.array(fc.nat(12), { minLength: 1, maxLength: 3 }), (items, deaths) => {
        const whole = new World(items);
        const want = endOf(whole, work(whole, items));
        const world = new World(items);
        for (const death of deaths) {
          world.left = death;
          try {
            work(world, items);
          } catch (error) {
            if (!(error instanceof Crash)) throw error;
          }
        }
        world.left = Number.POSITIVE_INFINITY;
        expect(endOf(world, work(world, items))).toEqual(want);
      }),
      { numRuns: 300 },
    );
  });
});

test("withHooks() leaves a plan alone that has no hooks for these moments", () => {
  const item: Item = { name: "h", wave: 0, looks: 0, fails: false, moments: ["before-delete"], clears: [] };
  const plan = planOf([], new World([]));
  const input = {
    hooks: hooksOf([item]),
    moments: MOMENTS,
    rules,
    sync: SYNC,
    done: new Set<string>(),
    rankOf: () => 0,
  };
  expect(withHooks(plan, input)).toEqual({ plan, extras: new Map() });
});
