import { describe, expect, test } from "vitest";
import { judgeRollback, type RollbackQuestion } from "./judge-rollback.ts";

const base: RollbackQuestion = {
  state: { healthy: "good", from: null },
  now: 1_000,
  afterMs: 500,
  tracked: "new",
  applied: "new",
  since: 800,
  health: "Progressing",
};

const cases: {
  name: string;
  change: Partial<RollbackQuestion>;
  want: [string | null, string | null, number | null];
}[] = [
  { name: "gives a new revision its time", change: {}, want: ["good", null, 1_300] },
  { name: "goes back when the time is over", change: { now: 1_300 }, want: ["good", "new", null] },
  {
    name: "goes back from what could not even be applied",
    change: { now: 1_300, applied: "good" },
    want: ["good", "new", null],
  },
  { name: "takes a revision for good once it is healthy", change: { health: "Healthy" }, want: ["new", null, null] },
  {
    name: "takes none for good that is not applied",
    change: { health: "Healthy", applied: "good" },
    want: ["good", null, 1_300],
  },
  {
    name: "stays where it went back to",
    change: { state: { healthy: "good", from: "new" }, now: 9_000 },
    want: ["good", "new", null],
  },
  {
    name: "goes on with another commit",
    change: { state: { healthy: "good", from: "bad" }, since: null },
    want: ["good", null, null],
  },
  {
    name: "has nowhere to go before anything was healthy",
    change: { state: { healthy: null, from: null }, now: 9_000 },
    want: [null, null, null],
  },
  { name: "waits for a sync to begin", change: { since: null, now: 9_000 }, want: ["good", null, null] },
  {
    name: "forgets what broke of itself",
    change: { state: { healthy: "new", from: null }, health: "Degraded", now: 9_000 },
    want: [null, null, null],
  },
  {
    name: "lets what was healthy be busy",
    change: { state: { healthy: "new", from: null }, now: 9_000 },
    want: ["new", null, null],
  },
  {
    name: "knows nothing while the source does not answer",
    change: { tracked: null, now: 9_000 },
    want: ["good", null, null],
  },
];

describe("judgeRollback()", () => {
  for (const { name, change, want } of cases) {
    test(name, () => {
      const { state, lookAt } = judgeRollback({ ...base, ...change });
      expect([state.healthy, state.from, lookAt]).toEqual(want);
    });
  }
});
