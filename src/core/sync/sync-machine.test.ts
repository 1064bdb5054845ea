import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AppKey } from "#core/app/app.ts";
import type { ObjectResult } from "#core/app/app-report.ts";
import type { HealthStatus } from "#core/health/health.ts";
import type { Action, Change, Plan, Stage } from "#core/plan/plan.ts";
import type { IdKey } from "#core/resource/resource-id.ts";
import { newSync, step, type SyncCommand, type SyncEvent, type SyncState } from "./sync-machine.ts";

const DEADLINE = 1_000;
const ACTIONS: readonly Action[] = ["create", "update", "none", "delete", "keep", "hold"];

function change(name: string, action: Action): Change {
  const removes = action === "delete" || action === "keep" || action === "hold";
  const id = { group: "", kind: "ConfigMap", namespace: "a", name };
  const desired = removes ? null : { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "a" } };
  const key = `/ConfigMap/a/${name}` as IdKey;
  return { key, id, version: "v1", action, reason: "", paths: [], desired, options: null, certificate: null };
}

function planOf(stages: readonly { gate: Stage["gate"]; actions: readonly Action[] }[]): Plan {
  return {
    app: "app/a/b" as AppKey,
    revision: "main@1",
    held: [],
    waiting: 0,
    digest: "",
    stages: stages.map(({ gate, actions }, wave) => ({
      key: { phase: 0, wave, rank: 0 },
      gate,
      changes: actions.map((action, index) => change(`s${wave}-${index}`, action)),
    })),
  };
}

const anyPlan = fc
  .array(
    fc.record({
      gate: fc.constantFrom<Stage["gate"]>("none", "established", "healthy"),
      actions: fc.array(fc.constantFrom(...ACTIONS), { maxLength: 4 }),
    }),
    { maxLength: 4 },
  )
  .map(planOf);
const anyMode = fc.constantFrom<"plan" | "stage">("plan", "stage");
const anyGate = fc.subarray(["/ConfigMap/a/s0-0", "/ConfigMap/a/s1-0"] as IdKey[]);

/** What the world answers: refusal and failure are rare, health comes after some looks or never. */
const anyWorld = fc.record({
  refuseAt: fc.option(fc.nat(5), { nil: null }),
  failAt: fc.option(fc.nat(5), { nil: null }),
  looks: fc.nat(3),
  health: fc.constantFrom<HealthStatus | null>(
    "Healthy",
    "Healthy",
    null,
    "Degraded",
    "Progressing",
    "Missing",
    "Suspended",
  ),
});
type World = typeof anyWorld extends fc.Arbitrary<infer T> ? T : never;

/** Events that nobody asked for; none of them answers a command. */
const anyNoise = fc.array(fc.option(fc.nat(3), { nil: null, freq: 3 }), { maxLength: 30 });

interface Run {
  readonly state: SyncState;
  readonly commands: readonly SyncCommand[];
  readonly turns: number;
}

/** Plays a sync as the engine does: each command is answered by its own event, each wait by a later look. */
function play(
  input: { plan: Plan; mode: "plan" | "stage"; gate: readonly IdKey[]; world: World },
  noise: readonly (number | null)[] = [],
): Run {
  const { plan, mode, gate, world } = input;
  let state = newSync(plan, gate, { now: 0, deadline: DEADLINE });
  const commands: SyncCommand[] = [];
  let event: SyncEvent = { kind: "begin" };
  let awaited: readonly IdKey[] = [];
  let turns = 0;
  for (let now = 0; state.outcome === "running"; turns++) {
    if (turns > 200) throw new Error("the sync does not end");
    const turn = step(state, event, mode);
    state = turn.state;
    if (turn.command) commands.push(turn.command);
    if (turn.command?.kind === "observe") awaited = turn.command.keys;
    const stray = noise[turns] ?? null;
    if (stray !== null && state.outcome === "running") expectNoEffect(state, stray, mode);
    now += DEADLINE / 4;
    event = answerTo(turn.command, { awaited, world, now, turns });
  }
  return { state, commands, turns };
}

function expectNoEffect(state: SyncState, stray: number, mode: "plan" | "stage"): void {
  const late: SyncEvent[] = [
    { kind: "preflighted", refusals: [] },
    { kind: "written", results: [] },
    { kind: "preflighted", refusals: [{ key: "/ConfigMap/a/s0-0" as IdKey, message: "late" }] },
    { kind: "observed", health: new Map(), now: 0 },
  ];
  const event = late[stray]!;
  const fits: Record<string, readonly string[]> = {
    preflighted: ["preflight"],
    written: ["apply", "prune"],
    observed: ["gate", "health"],
  };
  if (fits[event.kind]?.includes(state.step)) return;
  expect(step(state, event, mode)).toEqual({ state, command: null });
}

function answerTo(
  command: SyncCommand | null,
  asked: { awaited: readonly IdKey[]; world: World; now: number; turns: number },
): SyncEvent {
  const { awaited, world, now, turns } = asked;
  if (command?.kind === "preflight") {
    const refused = world.refuseAt !== null && turns >= world.refuseAt ? command.changes.slice(0, 1) : [];
    return { kind: "preflighted", refusals: refused.map(({ key }) => ({ key, message: "field is immutable" })) };
  }
  if (command?.kind === "write") {
    const fails = world.failAt !== null && turns >= world.failAt;
    return { kind: "written", results: command.changes.map((item) => resultOf(item, fails ? "failed" : "changed")) };
  }
  const status = turns < world.looks ? "Progressing" : world.health;
  return { kind: "observed", now, health: new Map(awaited.map((key) => [key, { status, text: key }])) };
}

function resultOf({ key, id, version }: Change, outcome: ObjectResult["outcome"]): ObjectResult {
  return { key, id, version, outcome, message: outcome === "failed" ? `${id.name} failed` : "" };
}

function written(commands: readonly SyncCommand[]): IdKey[] {
  return commands.flatMap((command) => (command.kind === "write" ? command.changes.map(({ key }) => key) : []));
}

function isWork({ action }: Change): boolean {
  return action !== "none" && action !== "hold";
}

const anyInput = fc.record({ plan: anyPlan, mode: anyMode, gate: anyGate, world: anyWorld });

describe("step()", () => {
  test("ends every sync, and finishes it once, whatever the world answers", () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const { state, commands, turns } = play(input);
        expect(turns).toBeLessThanOrEqual(7 * (input.plan.stages.length + 2));
        expect(state.step).toBe("done");
        expect(commands.filter((command) => command.kind === "finish")).toEqual([commands.at(-1)]);
      }),
    );
  });

  test("ignores answers that nobody waits for", () => {
    fc.assert(fc.property(anyInput, anyNoise, (input, noise) => void play(input, noise)));
  });

  test("asks for nothing after it ended", () => {
    const events: SyncEvent[] = [
      { kind: "begin" },
      { kind: "preflighted", refusals: [] },
      { kind: "written", results: [] },
      { kind: "observed", health: new Map(), now: 10 * DEADLINE },
      { kind: "supersede" },
      { kind: "terminate" },
    ];
    fc.assert(
      fc.property(anyInput, fc.array(fc.constantFrom(...events)), (input, late) => {
        const { state } = play(input);
        for (const event of late) expect(step(state, event, input.mode)).toEqual({ state, command: null });
      }),
    );
  });

  test("writes every change once and in order when it succeeds, and a part of that otherwise", () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const { state, commands } = play(input);
        const wanted = input.plan.stages.flatMap((stage) => stage.changes.filter(isWork).map(({ key }) => key));
        const done = written(commands);
        expect(done).toEqual(wanted.slice(0, done.length));
        if (state.outcome === "succeeded") expect(done).toEqual(wanted);
        expect(new Set(done)).toEqual(new Set([...state.results.keys()].filter((key) => done.includes(key as IdKey))));
      }),
    );
  });

  test("has every object that is applied checked before, and writes nothing once one is refused", () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const { state, commands } = play(input);
        const checked = new Set<IdKey>();
        for (const command of commands) {
          if (command.kind === "preflight") for (const { key } of command.changes) checked.add(key);
          if (command.kind !== "write") continue;
          for (const item of command.changes) {
            if (item.desired !== null) expect(checked).toContain(item.key);
          }
        }
        if (state.failedAt === "preflight") {
          expect(commands.at(-2)?.kind).toBe("preflight");
          if (input.mode === "plan") expect(written(commands)).toEqual([]);
        }
      }),
    );
  });

  test("ends at once when it is superseded or terminated, at any point", () => {
    fc.assert(
      fc.property(anyInput, fc.constantFrom("supersede", "terminate"), (input, kind) => {
        const begun = step(
          newSync(input.plan, input.gate, { now: 0, deadline: DEADLINE }),
          { kind: "begin" },
          input.mode,
        );
        if (begun.state.outcome !== "running") return;
        const { state, command } = step(begun.state, { kind }, input.mode);
        expect(command).toEqual({ kind: "finish" });
        expect(state.outcome).toBe(kind === "supersede" ? "superseded" : "terminated");
      }),
    );
  });
});

describe("step() in detail", () => {
  const HEALTHY: World = { refuseAt: null, failAt: null, looks: 0, health: "Healthy" };
  const twoStages = planOf([
    { gate: "healthy", actions: ["create", "none"] },
    { gate: "none", actions: ["update", "delete"] },
  ]);

  function kinds(input: Partial<Parameters<typeof play>[0]>): string {
    const { commands } = play({ plan: twoStages, mode: "plan", gate: [], world: HEALTHY, ...input });
    return commands.map((command) => command.kind).join(" ");
  }

  test("checks the whole plan first, or each stage before its writes", () => {
    expect(kinds({ mode: "plan" })).toBe("preflight write observe write finish");
    expect(kinds({ mode: "stage" })).toBe("preflight write observe preflight write finish");
  });

  test("waits for the final gate also when there was nothing to do", () => {
    const gate = ["/ConfigMap/a/x" as IdKey];
    expect(kinds({ plan: planOf([{ gate: "none", actions: ["none"] }]), gate })).toBe("observe finish");
  });

  test("does not wait between stages when no later stage has work", () => {
    const plan = planOf([
      { gate: "healthy", actions: ["create"] },
      { gate: "none", actions: ["none", "hold"] },
    ]);
    expect(kinds({ plan })).toBe("preflight write finish");
  });

  test("waits for counted objects of a stage, changed or not", () => {
    const { commands } = play({ plan: twoStages, mode: "plan", gate: [], world: HEALTHY });
    expect(commands.find((command) => command.kind === "observe")).toEqual({
      kind: "observe",
      keys: ["/ConfigMap/a/s0-0", "/ConfigMap/a/s0-1"],
    });
  });

  const FAILURES: { name: string; world: Partial<World>; at: string; message: RegExp }[] = [
    { name: "refused", world: { refuseAt: 0 }, at: "preflight", message: /field is immutable/ },
    { name: "not written", world: { failAt: 0 }, at: "apply", message: /s0-0 failed/ },
    { name: "degraded", world: { health: "Degraded" }, at: "gate", message: /failed early/ },
    { name: "never healthy", world: { health: "Progressing" }, at: "gate", message: /timeout waiting for: \[.*s0-0/ },
  ];
  for (const { name, world, at, message } of FAILURES) {
    test(`fails at ${at} when an object is ${name}`, () => {
      const { state } = play({ plan: twoStages, mode: "plan", gate: [], world: { ...HEALTHY, ...world } });
      expect(state).toMatchObject({ outcome: "failed", failedAt: at, message: expect.stringMatching(message) });
    });
  }

  test("fails at prune when a deletion fails", () => {
    const plan = planOf([{ gate: "none", actions: ["delete"] }]);
    const { state } = play({ plan, mode: "plan", gate: [], world: { ...HEALTHY, failAt: 0 } });
    expect(state).toMatchObject({ outcome: "failed", failedAt: "prune" });
  });

  test("names every refused object in the results", () => {
    const { state } = play({ plan: twoStages, mode: "plan", gate: [], world: { ...HEALTHY, refuseAt: 0 } });
    expect([...state.results.values()]).toEqual([
      { ...resultOf(change("s0-0", "create"), "failed"), message: "field is immutable" },
    ]);
  });
});

describe("a gate of its own", () => {
  const key = "/ConfigMap/a/s0-0" as IdKey;
  const plan = planOf([{ gate: "finished", actions: ["run"] }]);
  const [first] = plan.stages;
  const gated: Plan = { ...plan, stages: [{ ...(first as Stage), awaits: [key], title: "pre-install hook web" }] };
  const observed = (status: HealthStatus | null, now: number): SyncEvent => ({
    kind: "observed",
    health: new Map([[key, { status, text: "Job/web" }]]),
    now,
  });
  const waiting = () => {
    const begun = step(newSync(gated, [], { now: 0, deadline: 0, patienceMs: 100 }), { kind: "begin" }, "stage");
    const checked = step(begun.state, { kind: "preflighted", refusals: [] }, "stage");
    expect(checked.command?.kind).toBe("write");
    const written = step(checked.state, { kind: "written", results: [] }, "stage");
    expect(written.command).toEqual({ kind: "observe", keys: [key] });
    return written.state;
  };

  test("is waited for although nothing comes after it", () => {
    expect(step(waiting(), observed("Healthy", 5), "stage").state.outcome).toBe("succeeded");
    const ungated = planOf([{ gate: "finished", actions: ["run"] }]);
    const begun = step(newSync(ungated, [], { now: 0, deadline: 9 }), { kind: "begin" }, "stage");
    const checked = step(begun.state, { kind: "preflighted", refusals: [] }, "stage");
    expect(step(checked.state, { kind: "written", results: [] }, "stage").state.outcome).toBe("succeeded");
  });

  test("waits its own time, from the first look on, and says what it was for", () => {
    const looked = step(waiting(), observed("Progressing", 1_000), "stage").state;
    expect(looked.outcome).toBe("running");
    expect(step(looked, observed("Progressing", 1_099), "stage").state.outcome).toBe("running");
    const { state } = step(looked, observed("Progressing", 1_100), "stage");
    expect(state).toMatchObject({ outcome: "failed", failedAt: "gate" });
    expect(state.message).toBe("pre-install hook web: timeout waiting for: [Job/web]");
  });

  test("an interrupted sync goes on at the stage where it was", () => {
    const two = planOf([
      { gate: "none", actions: ["run"] },
      { gate: "none", actions: ["create"] },
    ]);
    const at: SyncState = { ...newSync(two, [], { now: 0, deadline: 9 }), cursor: 1, step: "apply" };
    const { command } = step(at, { kind: "begin" }, "stage");
    expect(command).toMatchObject({ kind: "preflight", changes: [{ action: "create" }] });
  });
});

describe("a sync that goes on", () => {
  const plan = planOf([
    { gate: "none", actions: ["create", "create"] },
    { gate: "none", actions: ["create"] },
  ]);
  const [a, b] = ["/ConfigMap/a/s0-0", "/ConfigMap/a/s0-1"] as IdKey[];
  const refusal: SyncEvent = { kind: "preflighted", refusals: [{ key: a as IdKey, message: "a is refused" }] };
  const begun = (keepGoing: boolean) =>
    step(newSync(plan, [], { now: 0, deadline: 9, keepGoing }), { kind: "begin" }, "stage").state;

  test("writes what is not refused, then fails by name before the next stage", () => {
    const refused = step(begun(true), refusal, "stage");
    expect(refused.command).toMatchObject({ kind: "write", changes: [{ key: b }] });
    const written: SyncEvent = {
      kind: "written",
      results: [{ key: b as IdKey, id: change("s0-1", "create").id, version: "v1", outcome: "created", message: "" }],
    };
    const { state } = step(refused.state, written, "stage");
    expect(state).toMatchObject({ outcome: "failed", message: "a is refused", cursor: 0 });
    expect([...state.results.values()].map(({ outcome }) => outcome)).toEqual(["failed", "created"]);
  });

  test("is what has to be asked for", () => {
    expect(step(begun(false), refusal, "stage").state).toMatchObject({ outcome: "failed", failedAt: "preflight" });
  });
});
