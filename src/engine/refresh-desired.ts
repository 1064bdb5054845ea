import type { AppPhase } from "#core/app/app-report.ts";
import { type AppSource, type ReferencedData, referenceKey } from "#core/app/app.ts";
import type { RenderSpec } from "#core/app/render-spec.ts";
import type { ScopeOf } from "#core/app/rules.ts";
import { gvkOf, type GroupVersionKind, kindKey } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { refused, type Result } from "#core/result.ts";
import { MissingBasesError, RenderError } from "#core/source/render-error.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import type { SourceError } from "#core/source/source-error.ts";
import type { Revision, SourceKey } from "#core/source/source.ts";
import type { AppState, AppWork } from "./app-state.ts";
import { dependencyProblem } from "./dependencies.ts";
import { referencedData, refOfReference } from "./followed-objects.ts";
import { type DesiredSet, desiredSetOf, refusalText } from "./desired-set.ts";
import type { EngineContext } from "./engine-context.ts";
import type { Rendered } from "./ports.ts";
import type { SourceState } from "./source-state.ts";

/**
 * The app's declared state as far as it could be refreshed. `wait`: nothing can be done yet. Otherwise `blocked` tells
 * why the newest content is not used; what was declared before is still held.
 */
export type Refreshed =
  | { readonly kind: "wait"; readonly phase: AppPhase | null }
  | { readonly kind: "ready"; readonly revision: Revision; readonly blocked: AppPhase | null };

/** Resolves source, dependencies, render and preparation into `state.desired`. */
export async function refreshDesired(work: AppWork, signal: AbortSignal): Promise<Refreshed> {
  const { state } = work;
  const read = readSource(work);
  if (read.kind === "wait") return read;
  const { declared, tree, revision, failed } = read;
  if (failed && state.desired) return ready(state, revision, failed);
  const render = completeRender(work, declared.render);
  if (!render.ok && !render.error) return { kind: "wait", phase: null };
  const seen = new Map([...work.context.bases.revisions(state.app.key), [declared.source, revision.text]]);
  const rendered = render.ok
    ? await renderOf(work, { declared, tree, spec: render.value }, signal)
    : (render.error as AppPhase);
  if (rendered === "pending") return { kind: "wait", phase: null };
  const problem = "resources" in rendered ? await adopt(work, rendered, signal) : rendered;
  // What an app declares is claimed before it may wait, so that nobody prunes what it is about to apply.
  state.seen = seen;
  const waiting = dependencyProblem(work, revision);
  if (waiting === "pending") return { kind: "wait", phase: null };
  return waiting ? wait(waiting) : ready(state, revision, failed ?? problem ?? failedBase(work));
}

/** What an app's source holds now; `failed`: why a source that lives in the app could not be asked again. */
export type ReadSource =
  | { readonly kind: "wait"; readonly phase: AppPhase | null }
  | {
      readonly kind: "read";
      readonly declared: AppSource;
      readonly tree: FileTree;
      readonly revision: Revision;
      readonly failed: AppPhase | null;
    };

/** The files and the revision of an app's source, as far as they are known. */
export function readSource(work: AppWork): ReadSource {
  const declared = work.state.app.sources[0];
  if (!declared) return wait({ kind: "invalid", problems: [{ path: "spec", message: "names no source" }] });
  const { key, source } = sourceOf(work, declared);
  if (!source) return wait({ kind: "source-failed", missing: true, message: `${key} not found` });
  const { tree, revision } = source;
  if (tree && revision) return { kind: "read", declared, tree, revision, failed: ownFailure(declared, source) };
  if (!source.error) return { kind: "wait", phase: source.asked ? noArtifact(key) : null };
  return wait(ownFailure(declared, source) ?? failurePhase(source.error));
}

function wait(phase: AppPhase): { readonly kind: "wait"; readonly phase: AppPhase } {
  return { kind: "wait", phase };
}

/** Nothing held from before and nothing usable now: there is nothing to compare. */
function ready(state: AppState, revision: Revision, blocked: AppPhase | null): Refreshed {
  if (blocked && !state.desired) return wait(blocked);
  return { kind: "ready", revision, blocked };
}

function noArtifact(key: SourceKey): AppPhase {
  return { kind: "source-failed", missing: false, message: `${key} has no revision yet` };
}

/** A person's order may name another revision than the tracked one: that is a source of its own for as long as it takes. */
function sourceOf(work: AppWork, declared: AppSource): { key: SourceKey; source: SourceState | null } {
  const { context, state } = work;
  const request = state.app.request;
  const tracked = context.sources.state(declared.source);
  const named = request && request.token !== state.handledRequest ? request.revision : null;
  const isOther = named && tracked && tracked.revision?.commit !== named && tracked.source.ref.value !== named;
  const key = isOther ? (`${declared.source} @ ${named}` as SourceKey) : null;
  if (state.namedSource && state.namedSource !== key) context.sources.remove(state.namedSource);
  state.namedSource = key;
  if (!isOther || !key) return { key: declared.source, source: tracked };
  if (!context.sources.state(key))
    context.sources.put({ ...tracked.source, key, ref: { kind: "auto", value: named }, object: null });
  return { key, source: context.sources.state(key) };
}

/**
 * A source of its own object reports its failures there; one that lives in the app, or whose object is somebody else's,
 * reports them here.
 */
function ownFailure(declared: AppSource, { source, error }: SourceState): AppPhase | null {
  if (!error) return null;
  if (source.remote.kind === "artifact" && error.failure !== "empty-origin") {
    return { ...failurePhase(error), unfetched: true };
  }
  return declared.inline ? failurePhase(error) : null;
}

function failurePhase({ message }: SourceError): Extract<AppPhase, { kind: "source-failed" }> {
  return { kind: "source-failed", missing: false, message };
}

/** The render with what the app references filled in; null while that is being read. */
export function completeRender({ context, state }: AppWork, render: RenderSpec): Result<RenderSpec, AppPhase | null> {
  const { app, dialect } = state;
  const failed = (message: string) => refused({ kind: "render-failed", code: "build", message } as const);
  const found = new Map<string, ReferencedData | null>();
  for (const reference of app.references) {
    const known = context.references.get(refOfReference(reference));
    if (known.kind === "pending") return refused(null);
    const { kind, namespace, name } = reference;
    if (known.kind === "failed") return failed(`${kind} ${namespace}/${name} cannot be read: ${known.reason}`);
    found.set(referenceKey(reference), known.object && referencedData(known.object));
  }
  const completed = dialect.completeRender(app, render, (reference) => found.get(referenceKey(reference)) ?? null);
  return completed.ok ? completed : failed(completed.error);
}

/** `pending`: what it takes of other repositories is being fetched. */
async function renderOf(
  { context, state: { app } }: AppWork,
  input: { declared: AppSource; tree: FileTree; spec: RenderSpec },
  signal: AbortSignal,
): Promise<Rendered | AppPhase | "pending"> {
  const { bases } = context;
  const { declared, spec } = input;
  const started = context.clock.monotonic();
  try {
    const place = { path: declared.path, scope: declared.source };
    const rendered = await context.renders.render({ tree: bases.mounted(app.key, input.tree), spec, ...place }, signal);
    bases.set(app, rendered.bases ?? []);
    return rendered;
  } catch (error) {
    if (!(error instanceof RenderError)) throw error;
    const failed = (message: string) => ({ kind: "render-failed", code: error.code, message }) as const;
    if (!(error instanceof MissingBasesError)) return failed(error.message);
    if (!context.settings.remoteBases) return failed(`--no-remote-bases forbids this: ${error.message}`);
    bases.add(app, error.bases);
    const why = bases.failure(app.key);
    return why === null ? "pending" : failed(why);
  } finally {
    context.telemetry.step("render", (context.clock.monotonic() - started) / 1000);
  }
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
    ...desired.prepared.warnings.map(({ message }) => ({ kind: "warning" as const, message })),
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
