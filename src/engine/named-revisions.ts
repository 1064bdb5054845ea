import type { AppSource, SyncRequest } from "#core/app/app.ts";
import { partsOf } from "#core/app/kept-render.ts";
import type { AppState } from "./app-state.ts";

/** Revisions that an app is to be at for now, whatever it tracks. */
export interface NamedRevisions {
  readonly sources: readonly AppSource[];
  /** One of each source; "" for the tracked one. */
  readonly revisions: readonly string[];
  /** Whether the sources are others than the app's own. */
  readonly given: boolean;
}

/** What a person's order names, or else what a sync holds on to; null: what the app tracks counts. */
export function namedRevisions(state: AppState): NamedRevisions | null {
  const { app, handledRequest } = state;
  const { request: order } = app;
  if (order && order.token !== handledRequest) return orderedRevisions(state, order);
  return healthyRevisions(state) ?? heldRevisions(state);
}

/** An order may be tried again with what is tracked by then. */
function orderedRevisions({ app, lastSync }: AppState, order: SyncRequest): NamedRevisions {
  const isRetried = lastSync?.outcome === "failed" && lastSync.request?.token === order.token;
  const isDropped = isRetried && order.retry?.of === "newest";
  const sources = order.sources ?? app.sources;
  const named = (at: number) => order.revisions?.[at] ?? (at === 0 ? order.revision : null) ?? "";
  const revisions = sources.map((_source, at) => (isDropped ? "" : named(at)));
  return { sources, revisions, given: order.sources !== undefined };
}

/** What an app went back to by itself. */
function healthyRevisions({ app, rollback }: AppState): NamedRevisions | null {
  const { healthy = null, from = null } = rollback?.state ?? {};
  if (healthy === null || from === null) return null;
  const revisions = app.sources.length > 1 ? healthy.split(",") : [healthy];
  return { sources: app.sources, revisions, given: false };
}

/** A sync that is to be tried again with what failed, and not with what comes meanwhile. */
function heldRevisions({ app, desired, running, attempt, lastSync }: AppState): NamedRevisions | null {
  if (app.policy.retry.of !== "same" || app.policy.mode !== "auto") return null;
  const isRetried = attempt?.outcome === "failed" && attempt.retryAt !== null;
  const about = running?.report ?? (isRetried ? lastSync : null);
  if (!about || about.request || desired?.app.specDigest !== app.specDigest) return null;
  return { sources: app.sources, revisions: partsOf(about.revision), given: false };
}
