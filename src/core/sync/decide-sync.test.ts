import fc from "fast-check";
import { expect, test } from "vitest";
import { decideSync, type SyncDecision, type SyncQuestion } from "./decide-sync.ts";

const NOW = 1_000;
const QUIET: SyncQuestion = {
  now: NOW,
  mode: "auto",
  selfHeal: true,
  ordered: false,
  retriedOrder: false,
  work: false,
  attempt: { outcome: "succeeded", failures: 0, retryAt: null },
  revisionMoved: false,
  knownApplied: false,
  released: false,
  gateLost: false,
};
const failed = (retryAt: number | null) => ({ outcome: "failed", failures: 3, retryAt }) as const;
const SYNC: SyncDecision = { kind: "sync", heal: false, retries: 0 };
const HEAL: SyncDecision = { kind: "sync", heal: true, retries: 0 };
const RETRY: SyncDecision = { kind: "sync", heal: false, retries: 3 };
const REST: SyncDecision = { kind: "rest" };
const OUT: SyncDecision = { kind: "out-of-sync" };
const failedUntil = (at: number | null): SyncDecision => ({ kind: "failed", at });

const CASES: { name: string; given: Partial<SyncQuestion>; want: SyncDecision }[] = [
  { name: "rests when nothing differs", given: {}, want: REST },
  { name: "syncs content that was never tried", given: { attempt: null }, want: SYNC },
  { name: "syncs it although something differs", given: { attempt: null, work: true }, want: SYNC },
  {
    name: "heals after a restart what changed meanwhile",
    given: { attempt: null, work: true, knownApplied: true },
    want: HEAL,
  },
  {
    name: "leaves that after a restart where healing is off",
    given: { attempt: null, work: true, knownApplied: true, selfHeal: false },
    want: OUT,
  },
  {
    name: "rests after a restart when it is known as applied",
    given: { attempt: null, knownApplied: true },
    want: REST,
  },
  {
    name: "looks again after a restart when health is lost",
    given: { attempt: null, knownApplied: true, gateLost: true },
    want: HEAL,
  },
  { name: "syncs a new revision of the same content", given: { revisionMoved: true }, want: SYNC },
  {
    name: "syncs a new revision after a failure at once",
    given: { revisionMoved: true, attempt: failed(NOW + 1) },
    want: SYNC,
  },
  { name: "heals drift", given: { work: true }, want: HEAL },
  { name: "reports drift where healing is off", given: { work: true, selfHeal: false }, want: OUT },
  {
    name: "deletes what was held once it may, also where healing is off",
    given: { released: true, work: true, selfHeal: false },
    want: SYNC,
  },
  { name: "leaves that to a person in a manual app", given: { released: true, work: true, mode: "manual" }, want: OUT },
  { name: "waits for health that was lost", given: { gateLost: true }, want: HEAL },
  { name: "waits before a retry", given: { attempt: failed(NOW + 1) }, want: failedUntil(NOW + 1) },
  { name: "retries when it is time", given: { attempt: failed(NOW) }, want: RETRY },
  { name: "retries although nothing differs", given: { attempt: failed(NOW - 1), work: false }, want: RETRY },
  { name: "gives up without a further retry", given: { attempt: failed(null), work: true }, want: failedUntil(null) },
  {
    name: "does not heal what failed",
    given: { attempt: failed(NOW + 1), work: true, selfHeal: true },
    want: failedUntil(NOW + 1),
  },
  { name: "leaves a manual app alone", given: { mode: "manual" }, want: REST },
  { name: "does not watch a manual app's health", given: { mode: "manual", gateLost: true }, want: REST },
  { name: "reports what a manual app lacks", given: { mode: "manual", work: true }, want: OUT },
  {
    name: "reports that also for content never tried",
    given: { mode: "manual", work: true, attempt: null },
    want: OUT,
  },
  { name: "never retries a manual app", given: { mode: "manual", attempt: failed(NOW - 1) }, want: REST },
  { name: "follows an order", given: { ordered: true }, want: SYNC },
  { name: "follows an order for a manual app", given: { ordered: true, mode: "manual" }, want: SYNC },
  { name: "follows an order before the next retry", given: { ordered: true, attempt: failed(NOW + 1) }, want: SYNC },
  { name: "follows an order that may be retried", given: { ordered: true, retriedOrder: true }, want: SYNC },
  {
    name: "waits before an order's retry",
    given: { ordered: true, retriedOrder: true, attempt: failed(NOW + 1) },
    want: failedUntil(NOW + 1),
  },
  {
    name: "retries an order",
    given: { ordered: true, retriedOrder: true, mode: "manual", attempt: failed(NOW) },
    want: RETRY,
  },
  {
    name: "gives an order up",
    given: { ordered: true, retriedOrder: true, attempt: failed(null) },
    want: failedUntil(null),
  },
];
for (const { name, given, want } of CASES) {
  test(`decideSync() ${name}`, () => expect(decideSync({ ...QUIET, ...given })).toEqual(want));
}

const anyQuestion: fc.Arbitrary<SyncQuestion> = fc.record({
  now: fc.constant(NOW),
  mode: fc.constantFrom("auto", "manual"),
  selfHeal: fc.boolean(),
  ordered: fc.boolean(),
  retriedOrder: fc.boolean(),
  work: fc.boolean(),
  attempt: fc.option(
    fc.record({
      outcome: fc.constantFrom("succeeded", "failed"),
      failures: fc.nat(5),
      retryAt: fc.constantFrom(null, NOW - 1, NOW, NOW + 1),
    }),
  ),
  revisionMoved: fc.boolean(),
  knownApplied: fc.boolean(),
  released: fc.boolean(),
  gateLost: fc.boolean(),
});

test("decideSync() never syncs a manual app without an order", () => {
  fc.assert(
    fc.property(anyQuestion, (question) => {
      const { kind } = decideSync({ ...question, mode: "manual", ordered: false });
      expect(kind).toBe(question.work ? "out-of-sync" : "rest");
    }),
  );
});

test("decideSync() heals only when nothing else is to be done and never against the app's wish", () => {
  fc.assert(
    fc.property(anyQuestion, (question) => {
      const decision = decideSync(question);
      if (decision.kind !== "sync" || !decision.heal) return;
      expect(question).toMatchObject({ ordered: false, mode: "auto" });
      expect(question.attempt?.outcome).not.toBe("failed");
      expect(question.selfHeal || !question.work).toBe(true);
    }),
  );
});

test("decideSync() never repeats what failed before its time", () => {
  fc.assert(
    fc.property(anyQuestion, fc.constantFrom(null, NOW + 1), (question, retryAt) => {
      const attempt = { outcome: "failed", failures: 1, retryAt } as const;
      const decision = decideSync({ ...question, attempt, mode: "auto", revisionMoved: false, ordered: false });
      expect(decision).toEqual({ kind: "failed", at: retryAt });
    }),
  );
});
