import { usualSettings } from "#core/app/settings.ts";
import type { AppReport, Comparison, ObjectReport, ObjectResult, ObjectWrite, SyncReport } from "#core/app/app-report.ts";
import type { App } from "#core/app/app.ts";
import { mergePatch } from "#core/diff/merge-patch.ts";
import { healthOf } from "#core/health/health.ts";
import { gvkOf, idOf, keyOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Revision } from "#core/source/source.ts";
import { argoDialect } from "../argo-dialect.ts";
import { healthTable } from "../health-table.ts";
import { nothing } from "./build-app.ts";

/** A commit as this dialect names it. */
export function commit(sha: string): Revision {
  return { text: sha, commit: sha, refName: "refs/heads/main" };
}

/** A report in which nothing was done yet, with the given parts. */
export function report(parts: Partial<AppReport>): AppReport {
  return {
    phase: { kind: "synced" },
    revision: commit("c1"),
    applied: null,
    attempted: null,
    objects: [],
    inventory: [],
    sync: null,
    notices: [],
    gate: { state: "none", tookMs: 0, message: "" },
    renderDigest: "",
    renderer: "directory",
    release: null,
    handledToken: null,
    now: Date.parse("2026-11-21T10:18:45Z"),
    ...parts,
  };
}

/** A finished sync, with the given parts. */
export function sync(parts: Partial<SyncReport> = {}): SyncReport {
  return {
    id: "1",
    startedAt: Date.parse("2026-11-21T10:18:42Z"),
    finishedAt: Date.parse("2026-11-21T10:18:43Z"),
    revision: commit("c1"),
    request: null,
    healAttempts: 0,
    retries: 0,
    outcome: "succeeded",
    message: "",
    results: [],
    ...parts,
  };
}

/** One object of a report, judged by this dialect's own health table. */
export function objectReport(declared: Resource, comparison: Comparison = "same"): ObjectReport {
  return {
    key: keyOf(declared),
    id: idOf(declared),
    version: gvkOf(declared).version,
    comparison,
    health: comparison === "missing" ? null : healthOf(declared, healthTable, 0),
    counted: true,
    wave: 0,
    declared,
  };
}

/** What a sync did to one object. */
export function result(declared: Resource, outcome: ObjectResult["outcome"], message = ""): ObjectResult {
  return { key: keyOf(declared), id: idOf(declared), version: gvkOf(declared).version, outcome, message };
}

/** The app of an object, and what this dialect writes for a report on it. */
export function written(object: Resource, told: AppReport): ObjectWrite {
  return argoDialect.reportApp({ object, app: appOf(object), report: told });
}

/** The object after a write. */
export function after(object: Resource, write: ObjectWrite): Resource {
  const body = { ...write.patch, status: mergePatch(object["status"] ?? {}, write.status) };
  return merged(object, JSON.parse(JSON.stringify(body))) as Resource;
}

function appOf(object: Resource): App | null {
  const result = argoDialect.parseApp(object, nothing, usualSettings("argocd"));
  return result.ok ? result.value : null;
}

/** RFC 7386, as the API server does it. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const base = typeof target === "object" && target !== null && !Array.isArray(target) ? target : {};
  const result: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = merged(result[name], value);
  }
  return result;
}
