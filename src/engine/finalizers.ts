import { ApiError } from "#core/cluster/api-error.ts";
import type { AppRecord } from "./app-registry.ts";
import type { EngineContext } from "./engine-context.ts";

/** Replaces the finalizers of a dialect's object, unless somebody changed it meanwhile. @throws ApiError 409 then */
export async function patchFinalizers(
  context: Pick<EngineContext, "home">,
  change: { record: Pick<AppRecord, "object" | "dialect">; finalizers: readonly string[] },
  signal: AbortSignal,
): Promise<void> {
  const { record, finalizers } = change;
  const { apiVersion, kind, metadata } = record.object;
  const ref = { apiVersion, kind, namespace: metadata.namespace ?? "", name: metadata.name };
  // The resourceVersion keeps a finalizer that somebody else adds at this moment.
  const body = { metadata: { finalizers, resourceVersion: metadata.resourceVersion } };
  try {
    const manager = record.dialect.rules.statusManager;
    await context.home.patch(ref, body, { type: "merge", manager, signal });
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return;
    throw error;
  }
}
