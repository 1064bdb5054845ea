import type { ObjectResult } from "#core/app/app-report.ts";
import { ApiError, isVerdict } from "#core/cluster/api-error.ts";
import type { Change } from "#core/plan/plan.ts";
import { idText, joinApiVersion } from "#core/resource/resource-id.ts";
import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import type { AppWork } from "./app-state.ts";
import { asUser, failureText } from "./requests.ts";

const HOOK_ANNOTATION = "helm.sh/hook";

/**
 * Deletes what an earlier run of a hook left: only an object that says that it is a hook or is this app's own, and by
 * the UID that a fresh read showed.
 */
export async function clearObject(work: AppWork, change: Change, signal: AbortSignal): Promise<ObjectResult> {
  const { context, state } = work;
  const { id, version } = change;
  const base = { key: change.key, id, version };
  const ref = { apiVersion: joinApiVersion({ group: id.group, version }), ...id };
  const as = asUser(state.app);
  try {
    const live = await context.client.get(ref, { signal, ...as });
    const uid = live?.metadata.uid;
    if (!live || !uid) {
      context.index.drop(change.key);
      return { ...base, outcome: "unchanged", message: "" };
    }
    if (!isCleared(work, live)) {
      const message = `${idText(id)} delete failed: it is neither a hook nor of this release`;
      return { ...base, outcome: "failed", message };
    }
    if (live.metadata.deletionTimestamp === undefined) {
      audit(work, change, uid);
      await context.client.delete(ref, { uid, propagation: "Background", signal, ...as });
    }
    return { ...base, outcome: "deleted", message: change.reason };
  } catch (error) {
    if (!(error instanceof ApiError) || !isVerdict(error)) throw error;
    return { ...base, outcome: "failed", message: `${idText(id)} delete failed: ${failureText(error)}` };
  }
}

function isCleared({ state }: AppWork, live: Resource): boolean {
  return annotationsOf(live)[HOOK_ANNOTATION] !== undefined || state.dialect.rules.ownerOf(live) === state.app.key;
}

function audit({ context, state }: AppWork, change: Change, uid: string): void {
  context.audit.append({
    at: context.clock.now(),
    actor: "holdfast",
    app: state.app.key,
    verb: "delete",
    object: idText(change.id),
    revision: state.attempted?.text ?? "",
    reason: change.reason,
    detail: { uid },
  });
}
