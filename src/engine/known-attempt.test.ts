import { beforeEach, describe, expect, test } from "vitest";
import type { SyncRequest } from "#core/app/app.ts";
import type { SyncReport } from "#core/app/app-report.ts";
import type { AppState } from "./app-state.ts";
import { type Attempted, knownAttempt } from "./known-attempt.ts";
import { plainApp } from "./testing/app.ts";

const app = plainApp("shop");
const revision = { text: "r1", commit: "r1", refName: null };
const retry = { limit: 5, baseMs: 1_000, factor: 2, maxMs: 60_000 };
const about = { desired: { digest: "d" }, revision, request: null, now: 500_000 } as Attempted;

let state: AppState;
beforeEach(() => {
  const lastSync = { revision, request: null, retries: 2, finishedAt: 100_000, outcome: "failed" };
  state = {
    app: { ...app, policy: { ...app.policy, retry } },
    attempt: null,
    lastSync: lastSync as Partial<SyncReport>,
    toldFailure: { isRetried: true },
    restoredSpec: app.specDigest,
  } as AppState;
});

describe("knownAttempt()", () => {
  test("counts what another process tried, and waits for as long as that would have", () => {
    const told = { digest: "d", outcome: "failed", failures: 3, retryAt: 104_000 };
    expect(knownAttempt(state, about)).toEqual({ attempt: told, retriedOrder: false });
    expect(state.attempt).toEqual(told);
  });

  test("leaves what was given up as it is", () => {
    state.toldFailure = { isRetried: false };
    expect(knownAttempt(state, about).attempt).toMatchObject({ failures: 3, retryAt: null });
  });

  for (const [name, change] of [
    ["another revision", { revision: { ...revision, text: "r2" } }],
    ["another order", { request: { token: "t" } as SyncRequest }],
  ] as const) {
    test(`is none for ${name}, and is not asked about again`, () => {
      expect(knownAttempt(state, { ...about, ...change }).attempt).toBeNull();
      expect(knownAttempt(state, about).attempt).toBeNull();
    });
  }

  test("is none for another spec", () => {
    expect(knownAttempt({ ...state, restoredSpec: "another" }, about).attempt).toBeNull();
  });

  test("counts for an order by what that says of retries", () => {
    const request = { token: "t", retry: { ...retry, baseMs: 50, factor: 1 } } as SyncRequest;
    state.lastSync = { ...state.lastSync, request } as SyncReport;
    expect(knownAttempt(state, { ...about, request })).toMatchObject({
      attempt: { failures: 3, retryAt: 100_050 },
      retriedOrder: true,
    });
  });

  test("is what this process tried, of this content or of this order", () => {
    state.attempt = { digest: "d", outcome: "succeeded", failures: 0, retryAt: null };
    expect(knownAttempt(state, about).attempt).toBe(state.attempt);
    const other = { ...about, desired: { digest: "e" } } as Attempted;
    expect(knownAttempt(state, other).attempt).toBeNull();
    const request = { token: "t" } as SyncRequest;
    state.lastSync = { ...state.lastSync, request } as SyncReport;
    expect(knownAttempt(state, { ...other, request }).attempt).toBe(state.attempt);
  });
});
