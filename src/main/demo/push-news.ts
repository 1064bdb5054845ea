import { ApiError } from "#core/cluster/api-error.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { REFRESH_ANNOTATION } from "#dialects/argocd/refresh.ts";
import { requestedAtAnnotation } from "#dialects/flux/parse-kustomization.ts";

/** Tells an object that follows a repository of a push, by its dialect's own annotation, as a webhook would. */
export async function newsOf(client: ClusterClient, object: Resource, signal: AbortSignal): Promise<void> {
  const { apiVersion, kind, metadata } = object;
  const annotations =
    kind === "GitRepository"
      ? { [requestedAtAnnotation]: new Date().toISOString() }
      : kind === "Application"
        ? { [REFRESH_ANNOTATION]: "normal" }
        : null;
  if (annotations === null) return;
  const ref = { apiVersion, kind, name: metadata.name, namespace: metadata.namespace ?? "" };
  try {
    await client.patch(ref, { metadata: { annotations } }, { type: "merge", manager: "push-news", signal });
  } catch (error) {
    // Whoever looks around may have deleted it.
    if (!signal.aborted && !(error instanceof ApiError && error.code === 404)) throw error;
  }
}
