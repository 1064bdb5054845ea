import { describe, expect, test } from "vitest";
import type { App, SyncRequest } from "#core/app/app.ts";
import type { SyncReport } from "#core/app/app-report.ts";
import { jointRevision } from "#core/source/joint-revision.ts";
import type { Revision } from "#core/source/source.ts";
import type { AppState } from "./app-state.ts";
import { namedRevisions } from "./named-revisions.ts";
import { plainApp } from "./testing/app.ts";

const base = plainApp("shop");
const [source] = base.sources as [App["sources"][0]];
const failed = { digest: "d", outcome: "failed", failures: 1, retryAt: 5 } as const;
const at = (text: string): Revision => ({ text, commit: text, refName: null });

function retrying(of: "same" | "newest" | undefined, changes: Partial<App> = {}): AppState {
  const retry = { ...base.policy.retry, ...(of && { of }) };
  const app: App = { ...base, sources: [source], policy: { ...base.policy, mode: "auto", retry }, ...changes };
  const lastSync = { outcome: "failed", revision: at("r1"), request: null } as Partial<SyncReport>;
  return { app, lastSync, attempt: failed, running: null, desired: { app }, handledRequest: null } as AppState;
}

describe("namedRevisions()", () => {
  test("holds on to what failed where that is to be tried again", () => {
    expect(namedRevisions(retrying("same"))).toMatchObject({ revisions: ["r1"], given: false });
    expect(namedRevisions(retrying("newest"))).toBeNull();
    expect(namedRevisions(retrying(undefined))).toBeNull();
  });

  test("holds on to each of several sources, and while the sync runs", () => {
    const state = retrying("same", { sources: [source, source] });
    state.running = { report: { ...state.lastSync, revision: jointRevision(["a", "b"]) } } as AppState["running"];
    state.attempt = null;
    expect(namedRevisions(state)?.revisions).toEqual(["a", "b"]);
  });

  test("lets go when no retry is left, when the spec changes, and where a person syncs", () => {
    const state = retrying("same");
    expect(namedRevisions({ ...state, attempt: { ...failed, retryAt: null } })).toBeNull();
    expect(namedRevisions({ ...state, attempt: null })).toBeNull();
    expect(namedRevisions({ ...state, app: { ...state.app, specDigest: "another" } })).toBeNull();
    expect(
      namedRevisions({ ...state, app: { ...state.app, policy: { ...state.app.policy, mode: "manual" } } }),
    ).toBeNull();
  });

  test("drops what an order names once it is tried again with the newest", () => {
    const order = (of: "same" | "newest" | undefined) =>
      ({ token: "t", revision: "v1", retry: { ...base.policy.retry, ...(of && { of }) } }) as SyncRequest;
    const revisions = (of: "same" | "newest" | undefined, token: string) => {
      const state = retrying(undefined, { request: order(of) });
      return namedRevisions({ ...state, lastSync: { ...state.lastSync, request: { token } } as SyncReport })?.revisions;
    };
    expect(revisions("newest", "t")).toEqual([""]);
    expect(revisions("newest", "another")).toEqual(["v1"]);
    expect(revisions("same", "t")).toEqual(["v1"]);
    expect(revisions(undefined, "t")).toEqual(["v1"]);
  });
});
