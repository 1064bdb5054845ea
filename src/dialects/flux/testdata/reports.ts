import type { AppReport, ObjectResult, SyncReport } from "#core/app/app-report.ts";
import { type ResourceId, idKey } from "#core/resource/resource-id.ts";
import type { Revision } from "#core/source/source.ts";

/** The revision that every captured object was reconciled at. */
export const revision: Revision = {
  text: "main@sha1:48a197c61fc580e12fc2102643046d5f5de060b1",
  commit: "48a197c61fc580e12fc2102643046d5f5de060b1",
  refName: "refs/heads/main",
};

/** A moment after all captures. */
export const now = Date.parse("2026-11-21T11:00:00Z");

/** The identity of an object in the captures' target namespace. */
export function target(group: string, kind: string, name: string, namespace = "cap-target"): ResourceId {
  return { group, kind, namespace, name };
}

/** What a sync did to an object. */
export function result(id: ResourceId, outcome: ObjectResult["outcome"], message = ""): ObjectResult {
  return { key: idKey(id), id, version: "v1", outcome, message };
}

/** A finished sync that took 148 milliseconds. */
export function finished(results: readonly ObjectResult[], changed: Partial<SyncReport> = {}): SyncReport {
  return {
    id: "1",
    startedAt: now - 148,
    finishedAt: now,
    revision,
    request: null,
    healAttempts: 0,
    retries: 0,
    outcome: "succeeded",
    message: "",
    results,
    ...changed,
  };
}

/** A report in which nothing but the given parts is known. */
export function report(changed: Partial<AppReport>): AppReport {
  return {
    phase: { kind: "synced" },
    revision,
    applied: null,
    attempted: null,
    objects: [],
    inventory: [],
    sync: null,
    notices: [],
    gate: { state: "none", tookMs: 0, message: "" },
    renderDigest: "",
    renderer: "kustomize",
    release: null,
    handledToken: null,
    now,
    ...changed,
  };
}
