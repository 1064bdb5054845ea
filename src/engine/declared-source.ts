import { textAt } from "#core/health/condition.ts";
import { baselineOf } from "#core/diff/baseline.ts";
import { driftOf } from "#core/diff/drift.ts";
import { digestOf } from "#core/resource/digest.ts";
import { idOf, idText } from "#core/resource/resource-id.ts";
import { isNewer } from "#core/resource/resource-version.ts";
import type { Resource } from "#core/resource/resource.ts";
import { type SourceKey, sourceObjectKey } from "#core/source/source.ts";
import type { AppState, AppWork } from "./app-state.ts";
import type { AuditRecord, ObjectRef } from "./ports.ts";

/** What was written last, until the watch shows it and to know its stored form. */
interface Written {
  readonly input: string;
  readonly stored: Resource;
  readonly baseline: string | null;
  readonly at: number;
  isSeen: boolean;
}

/** The kind of the objects that releases declare for their charts. */
const declaredKind = "HelmChart";
const watchLagMs = 10_000;
const written = new WeakMap<AppState, Written>();

/**
 * Writes the object that an app declares so that it has its source, unless it stands as declared; that is judged from
 * memory. It is the controller itself that writes. Returns whether what is known of the source is of what is declared
 * now, or still of what was declared before. @throws ApiError
 */
export async function declareSource(work: AppWork, signal: AbortSignal): Promise<boolean> {
  const { context, state } = work;
  const { app, dialect } = state;
  const { declares: declared } = app;
  const [source] = app.sources;
  if (declared === null || source === undefined || app.deleting || app.suspended) return true;
  const live = context.registry.source(source.source)?.object ?? null;
  const input = digestOf(declared);
  if (stands(work, { declared, live, input })) return written.get(state)?.isSeen ?? true;
  const { manager } = dialect.rules;
  const answer = await context.home.apply(declared, { manager, signal });
  const { object: stored } = answer;
  const baseline = baselineOf(stored, manager)?.digest ?? null;
  const isSeen = live?.metadata.resourceVersion === stored.metadata.resourceVersion;
  written.set(state, { input, stored, baseline, at: context.clock.monotonic(), isSeen });
  if (isSeen) return true;
  const reason = answer.created ? "the chart of the release" : "not as the release declares it";
  audit(work, { verb: answer.created ? "create" : "update", object: stored, reason });
  return false;
}

/**
 * Deletes the object that an app declared before and does not any more: the one that its status names, while that
 * carries its mark. Which one it is is known from memory. @throws ApiError
 */
export async function withdrawSource(work: AppWork, signal: AbortSignal): Promise<void> {
  const { context, state } = work;
  const { app, dialect } = state;
  const known = app.suspended ? null : formerSource(work);
  if (known === null) return;
  const { apiVersion, kind, metadata } = known;
  const ref: ObjectRef = { apiVersion, kind, namespace: metadata.namespace ?? "", name: metadata.name };
  const live = await context.home.get(ref, { signal });
  const { uid, deletionTimestamp } = live?.metadata ?? {};
  if (!live || !uid || deletionTimestamp !== undefined || dialect.rules.ownerOf(live) !== app.key) return;
  // Ahead of the request, so that no deletion goes untold, whatever ends this process meanwhile.
  const reason = app.deleting ? "its release is deleted" : "its release has another source";
  audit(work, { verb: "delete", object: live, reason });
  await context.home.delete(ref, { uid, propagation: "Background", signal });
  written.delete(state);
}

function stands(work: AppWork, item: { declared: Resource; live: Resource | null; input: string }): boolean {
  const { context, state } = work;
  const { declared, live, input } = item;
  const last = written.get(state);
  const isOwn = last !== undefined && last.input === input;
  if (last && live && live.metadata.uid === last.stored.metadata.uid && !isNewer(last.stored, live)) last.isSeen = true;
  if (isOwn && !last.isSeen && context.clock.monotonic() - last.at < watchLagMs) return true;
  if (live === null) return false;
  // It is written again once it is gone.
  if (live.metadata.deletionTimestamp !== undefined) return true;
  const { manager } = state.dialect.rules;
  const baseline = isOwn && last.stored.metadata.uid === live.metadata.uid ? last.baseline : null;
  return driftOf({ live, manager, baseline, desired: declared, takeOver: [], ignoredPaths: [] }).kind === "same";
}

/** The object that the app's status names and that is not what it declares now; null when there is none of its mark. */
function formerSource({ context, state }: AppWork): Resource | null {
  const { app, dialect } = state;
  const [namespace = "", name = ""] = textAt(context.registry.app(app.key)?.object, ["status", "helmChart"]).split("/");
  const key: SourceKey = sourceObjectKey(declaredKind, namespace, name);
  const known = context.registry.source(key)?.object;
  if (known === undefined || dialect.rules.ownerOf(known) !== app.key) return null;
  const { declares } = app;
  const isDeclared =
    declares !== null && declares.metadata.namespace === namespace && declares.metadata.name === name && !app.deleting;
  return isDeclared ? null : known;
}

function audit(
  { context, state }: AppWork,
  { verb, object, reason }: Pick<AuditRecord, "verb" | "reason"> & { object: Resource },
): void {
  context.audit.append({
    at: context.clock.now(),
    actor: "holdfast",
    app: state.app.key,
    verb,
    object: idText(idOf(object)),
    revision: "",
    reason,
    detail: { uid: object.metadata.uid ?? "" },
  });
}
