import type { AppPhase, AppReport, Comparison, ObjectReport } from "#core/app/app-report.ts";
import { healthOf } from "#core/health/health.ts";
import type { Verdict } from "#core/plan/make-plan.ts";
import { type IdKey, parseIdKey } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Revision } from "#core/source/source.ts";
import type { AppState } from "./app-state.ts";
import type { EngineContext } from "./engine-context.ts";

/** Everything a dialect needs to write an app's status, from what the engine knows now. */
export function appReportOf(
  context: EngineContext,
  state: AppState,
  now: { phase: AppPhase; revision: Revision | null },
): AppReport {
  const inventory = context.inventories.of(state.app.key);
  const running = state.running;
  return {
    phase: now.phase,
    revision: now.revision,
    applied: state.applied,
    attempted: state.attempted,
    objects: objectReports(context, state),
    inventory: [...inventory.values()].map((entry) => ({ id: parseIdKey(entry.key), version: entry.version })),
    sync: running ? { ...running.report, results: [...running.machine.results.values()] } : state.lastSync,
    notices: state.notices,
    gate: running?.machine.step === "health" ? { state: "waiting", tookMs: 0, message: "" } : state.gate,
    renderDigest: state.desired?.digest ?? "",
    renderer: state.desired?.rendered.renderer ?? null,
    handledToken: state.handledToken,
    now: context.clock.now(),
  };
}

function objectReports(context: EngineContext, state: AppState): ObjectReport[] {
  const desired = state.desired?.objects ?? [];
  const wanted = new Set(desired.map((object) => object.key));
  const reports = desired.map((object): ObjectReport => {
    const live = context.index.get(object.key);
    return {
      key: object.key,
      id: object.id,
      version: object.version,
      comparison: comparisonOf(state.verdicts.get(object.key)),
      health: live ? liveHealth(context, state, live) : null,
      counted: object.options.counted,
      wave: object.stage.wave,
      declared: object.resource,
    };
  });
  for (const entry of context.inventories.of(state.app.key).values()) {
    if (!wanted.has(entry.key)) reports.push(extraReport(context, state, entry));
  }
  return reports;
}

function extraReport(context: EngineContext, state: AppState, entry: { key: IdKey; version: string }): ObjectReport {
  const live = context.index.get(entry.key) ?? null;
  const options = live ? state.dialect.rules.optionsOf(live, live, state.app) : null;
  return {
    key: entry.key,
    id: parseIdKey(entry.key),
    version: entry.version,
    comparison: "extra",
    health: live ? liveHealth(context, state, live) : null,
    counted: options?.counted ?? true,
    wave: 0,
    declared: live,
  };
}

function liveHealth(context: EngineContext, state: AppState, live: Resource): ObjectReport["health"] {
  return healthOf(live, state.dialect.rules.health, context.clock.now());
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
