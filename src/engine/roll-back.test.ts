import { afterEach, beforeEach, expect, test } from "vitest";
import type { App, AppSource } from "#core/app/app.ts";
import type { SyncReport } from "#core/app/app-report.ts";
import type { SourceKey } from "#core/source/source.ts";
import type { AppState, AppWork } from "./app-state.ts";
import { namedRevisions } from "./named-revisions.ts";
import { considerRollback, noteRollback, rollbackNotices } from "./roll-back.ts";
import { plainApp } from "./testing/app.ts";
import { TestEngine } from "./testing/engine.ts";
import { configMap } from "./testing/fake-objects.ts";

const base = plainApp("");
const sources: AppSource[] = [{ ...(base.sources[0] as AppSource), source: "repo" as SourceKey }];
let engine: TestEngine;
let state: AppState;
let work: AppWork;
let tracked: string;
beforeEach(async () => {
  engine = new TestEngine();
  tracked = "bad";
  const policy = { ...base.policy, mode: "auto" } as const;
  const rollback = { afterMs: 60_000, healthy: "good", from: null };
  const made = await engine.work("shop", [configMap("x", {})], { spec: { sources, policy, rollback } });
  const revisionOf = () => ({ revision: { text: tracked, commit: tracked, refName: null } });
  work = { ...made, context: { ...made.context, sources: { state: revisionOf } as never } };
  state = work.state;
  const report = { revision: revisionOf().revision, startedAt: engine.clock.now(), request: null };
  state.lastSync = { ...report, outcome: "succeeded" } as Partial<SyncReport> as SyncReport;
  state.applied = report.revision;
});
afterEach(() => engine.stop());

function look(declared: Partial<App["rollback"]> = {}): string | null {
  state.app = { ...state.app, rollback: { afterMs: 60_000, healthy: "good", from: null, ...declared } };
  noteRollback(state);
  considerRollback(work);
  return namedRevisions(state)?.revisions[0] ?? null;
}

test("an app goes back when its time is over, says so, and stays there over other looks", () => {
  expect(look()).toBeNull();
  expect(state.rollback?.lookAt).toBe(engine.clock.now() + 60_000);
  engine.clock.advance(60_000);
  expect(look()).toBe("good");
  expect(rollbackNotices(state)[0]?.message).toContain("Rolled back from bad to good: it was not healthy within 60 s");
  expect(engine.audit.at(-1)).toMatchObject({
    verb: "rollback",
    revision: "good",
    reason: "bad was not healthy in time",
  });
  expect(look({ from: "bad" })).toBe("good");
  tracked = "next";
  expect(look({ from: "bad" })).toBeNull();
  expect(rollbackNotices(state)).toEqual([]);
});

test("what another process went back from stays so, until a person takes the note of it away", () => {
  expect(look({ from: "bad" })).toBe("good");
  expect(look({ from: null })).toBeNull();
  expect(state.rollback?.state.from).toBeNull();
});

test("nothing goes back by itself where a person syncs, or where nobody asked for it", () => {
  engine.clock.advance(600_000);
  state.app = { ...state.app, policy: { ...state.app.policy, mode: "manual" } };
  expect(look()).toBeNull();
  expect(state.rollback).toBeNull();
});
