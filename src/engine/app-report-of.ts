import type { AppPhase, AppReport, Comparison, ObjectReport, SyncReport } from "#core/app/app-report.ts";
import type { InventoryEntry } from "#core/plan/inventory.ts";
import type { Verdict } from "#core/plan/make-plan.ts";
import { parseIdKey } from "#core/resource/resource-id.ts";
import type { ReleaseReport } from "#core/release/release-report.ts";
import type { Revision } from "#core/source/source.ts";
import type { AppWork, RunningSync } from "./app-state.ts";
import { assess } from "./assess.ts";
import { waitOf } from "./observe-sync.ts";

/** Everything a dialect needs to write an app's status, from what the engine knows now. */
export function appReportOf(work: AppWork, now: { phase: AppPhase; revision: Revision | null }): AppReport {
  const { context, state } = work;
  const inventory = context.inventories.of(state.app.key);
  const running = state.running;
  return {
    phase: now.phase,
    revision: now.revision,
    applied: state.applied,
    attempted: state.attempted,
    objects: objectReports(work),
    inventory: [...inventory.values()]
      .filter(({ hook }) => !hook)
      .map((entry) => ({ id: parseIdKey(entry.key), version: entry.version })),
    sync: running ? runningReport(work, running) : (state.interrupted?.report ?? state.lastSync),
    notices: state.notices,
    ...(state.rollback && { rollback: state.rollback.state }),
    gate: running?.machine.step === "health" ? { state: "waiting", tookMs: 0, message: "" } : state.gate,
    renderDigest: state.desired?.digest ?? "",
    renderer: state.desired?.rendered.renderer ?? null,
    ...(state.desired?.rendered.parts && { renderers: state.desired.rendered.parts.map(({ renderer }) => renderer) }),
    release: releaseReport(work),
    handledToken: state.handledToken,
    now: context.clock.now(),
  };
}

function runningReport(work: AppWork, { report, machine }: RunningSync): SyncReport {
  const waitsFor = waitOf(work);
  return { ...report, results: [...machine.results.values()], ...(waitsFor && { waitsFor }) };
}

function objectReports(work: AppWork): ObjectReport[] {
  const { context, state } = work;
  const desired = state.desired?.objects ?? [];
  const wanted = new Set(desired.map((object) => object.key));
  const reports = desired.map((object): ObjectReport => {
    const live = context.index.get(object.key);
    return {
      key: object.key,
      id: object.id,
      version: object.version,
      comparison: comparisonOf(state.verdicts.get(object.key)),
      health: live ? assess(work, live, "as before") : null,
      counted: object.options.counted,
      wave: object.stage.wave,
      declared: object.resource,
      ...(live && { live }),
    };
  });
  for (const entry of context.inventories.of(state.app.key).values()) {
    const isThere = !entry.hook || context.index.get(entry.key) !== undefined;
    if (!wanted.has(entry.key) && isThere) reports.push(extraReport(work, entry));
  }
  return reports;
}

function extraReport(work: AppWork, entry: InventoryEntry): ObjectReport {
  const { context, state } = work;
  const live = context.index.get(entry.key) ?? null;
  const options = live ? state.dialect.rules.optionsOf(live, live, state.app) : null;
  return {
    key: entry.key,
    id: parseIdKey(entry.key),
    version: entry.version,
    comparison: "extra",
    health: live ? assess(work, live, "as before") : null,
    counted: !entry.hook && (options?.counted ?? true),
    ...(entry.hook && { hook: true }),
    wave: 0,
    declared: live,
  };
}

function comparisonOf(verdict: Verdict | undefined): Comparison {
  switch (verdict?.kind) {
    case "same":
    case "different":
    case "missing":
    case "unknown":
      return verdict.kind;
    default:
      return "missing";
  }
}

function releaseReport({ state }: AppWork): ReleaseReport | null {
  if (!state.release) return null;
  const { memory, released, tested, remediated, stalled, drift, run } = state.release;
  const running = run && { action: run.action, timeoutMs: run.timeoutMs };
  return { memory, released, tested, remediated, stalled, drift, running };
}
