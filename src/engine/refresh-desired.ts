import type { AppPhase } from "#core/app/app-report.ts";
import type { Rendered } from "#core/app/rendered.ts";
import type { ScopeOf } from "#core/app/rules.ts";
import { gvkOf, type GroupVersionKind, kindKey } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Revision } from "#core/source/source.ts";
import type { AppState, AppWork } from "./app-state.ts";
import { dependencyProblem } from "./dependencies.ts";
import { type DesiredSet, desiredSetOf, refusalText } from "./desired-set.ts";
import type { EngineContext } from "./engine-context.ts";
import { readSources } from "./read-sources.ts";
import { recallRender } from "./recall-render.ts";
import { renderSources } from "./render-sources.ts";

/**
 * The app's declared state as far as it could be refreshed. `wait`: nothing can be done yet. Otherwise `blocked` tells
 * why the newest content is not used; what was declared before is still held, unless that is `forbidden` by now.
 */
export type Refreshed =
  | { readonly kind: "wait"; readonly phase: AppPhase | null }
  | {
      readonly kind: "ready";
      readonly revision: Revision;
      readonly blocked: AppPhase | null;
      readonly forbidden: boolean;
    };

/** What an app is at that was given its objects by an order. */
const NO_REVISION: Revision = { text: "", commit: "", refName: null };

/** Resolves source, dependencies, render and preparation into `state.desired`. */
export async function refreshDesired(work: AppWork, signal: AbortSignal): Promise<Refreshed> {
  const { state } = work;
  const given = orderedObjects(state);
  if (given) return ready(work, { revision: NO_REVISION, blocked: await adopt(work, given, signal) }, signal);
  const read = readSources(work);
  if (read.kind === "wait") return recalled(work, { phase: read.phase, revision: null }, signal);
  const { sources, revision, failed } = read;
  if (failed && state.desired) return recalled(work, { phase: failed, revision }, signal);
  const own = sources.map((one) => [one.declared.source, one.revision.text] as const);
  const seen = new Map([...work.context.bases.revisions(state.app.key), ...own]);
  const rendered = await renderSources(work, sources, signal);
  if (rendered === "pending") return { kind: "wait", phase: null };
  const problem = "resources" in rendered ? await adopt(work, rendered, signal) : rendered;
  // What an app declares is claimed before it may wait, so that nobody prunes what it is about to apply.
  state.seen = seen;
  const waiting = dependencyProblem(work, revision);
  if (waiting === "pending") return { kind: "wait", phase: null };
  return waiting ? wait(waiting) : ready(work, { revision, blocked: failed ?? problem ?? failedBase(work) }, signal);
}

/** What a person's order brings, which needs no source. */
function orderedObjects({ app: { request }, handledRequest }: AppState): Rendered | null {
  return request && request.token !== handledRequest ? (request.given ?? null) : null;
}

/** What cannot be had of its source may have been kept. */
async function recalled(
  work: AppWork,
  failed: { readonly phase: AppPhase | null; readonly revision: Revision | null },
  signal: AbortSignal,
): Promise<Refreshed> {
  const found = await recallRender(work, failed.phase, signal);
  if ("rendered" in found) {
    return ready(work, { revision: found.revision, blocked: await adopt(work, found.rendered, signal) }, signal);
  }
  const { phase } = found;
  if (!failed.revision || !phase) return { kind: "wait", phase };
  return ready(work, { revision: failed.revision, blocked: phase }, signal);
}

function wait(phase: AppPhase): { readonly kind: "wait"; readonly phase: AppPhase } {
  return { kind: "wait", phase };
}

/** Nothing held from before and nothing usable now: there is nothing to compare. */
async function ready(
  work: AppWork,
  { revision, blocked }: { readonly revision: Revision; readonly blocked: AppPhase | null },
  signal: AbortSignal,
): Promise<Refreshed> {
  const held = work.state.desired;
  if (blocked && !held) return wait(blocked);
  const forbidden = blocked !== null && held !== null && (await isForbidden(work, held, signal));
  return { kind: "ready", revision, blocked, forbidden };
}

/** Whether what was accepted before would be refused now, by limits that have changed since. */
async function isForbidden({ context, state }: AppWork, held: DesiredSet, signal: AbortSignal): Promise<boolean> {
  const { app, dialect, judged } = state;
  if (held.app === app) return false;
  if (judged?.held === held && judged.app === app) return judged.forbidden;
  const { rendered } = held;
  const scopeOf = await scopesOf(context, rendered.resources, signal);
  const forbidden = refusalText(dialect, desiredSetOf(context, { app, dialect, rendered, scopeOf })) !== null;
  state.judged = { held, app, forbidden };
  return forbidden;
}

/** What was fetched before goes on being used, and people are told. */
function failedBase({ context, state }: AppWork): AppPhase | null {
  const message = context.bases.failure(state.app.key);
  return message === null ? null : { kind: "render-failed", code: "build", message };
}

/** Makes a render the app's declared state, unless something in it must not be applied. */
async function adopt(work: AppWork, rendered: Rendered, signal: AbortSignal): Promise<AppPhase | null> {
  const { context, state } = work;
  if (state.desired?.rendered === rendered && state.desired.app === state.app) return null;
  const scopeOf = await scopesOf(context, rendered.resources, signal);
  const desired = desiredSetOf(context, { app: state.app, dialect: state.dialect, rendered, scopeOf });
  const message = refusalText(state.dialect, desired);
  if (message !== null) return { kind: "sync-failed", step: "preflight", message, retryAt: null };
  holdDesired(work, desired);
  return null;
}

/** From now on the app is compared with this. */
export function holdDesired({ context, state }: AppWork, desired: DesiredSet): void {
  context.index.claim(state.app.key, state.desired?.byKey.keys() ?? [], desired.byKey.keys());
  if (state.desired?.digest !== desired.digest) state.verdicts.clear();
  state.desired = desired;
  state.dirty = "all";
  state.notices = [
    ...desired.duplicates.map((message) => ({ kind: "duplicate" as const, message })),
    ...desired.prepared.warnings.map(({ kind = "warning", message }) => ({ kind, message })),
  ];
}

/** Which of the kinds of these objects are namespaced, as far as the cluster serves them. */
export async function scopesOf(
  context: EngineContext,
  resources: readonly Resource[],
  signal: AbortSignal,
): Promise<ScopeOf> {
  const kinds = new Map<string, GroupVersionKind>();
  for (const resource of resources) kinds.set(kindKey(gvkOf(resource)), gvkOf(resource));
  const scopes = new Map<string, "namespaced" | "cluster">();
  for (const [name, kind] of kinds) {
    const lookup = await context.client.kind(kind, { signal });
    if (lookup.known === "yes") scopes.set(name, lookup.info.namespaced ? "namespaced" : "cluster");
  }
  return (kind) => scopes.get(kindKey(kind)) ?? "unknown";
}
