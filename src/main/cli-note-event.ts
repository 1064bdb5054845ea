import { ApiError } from "#core/cluster/api-error.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { personName } from "./cli-git-person.ts";

/** Leaves word of a person's act among the app's events; who may not write events still may act. */
export async function noteEvent(
  { client, record }: { readonly client: ClusterClient; readonly record: { readonly object: Resource } },
  note: { reason: string; message: string },
  signal: AbortSignal,
): Promise<void> {
  const { apiVersion, kind, metadata } = record.object;
  const { name, namespace = "default", uid = "", resourceVersion = "" } = metadata;
  const time = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const event = {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `${name.slice(0, 200)}.${Date.now().toString(16)}`, namespace },
    involvedObject: { apiVersion, kind, name, namespace, uid, resourceVersion },
    type: "Normal",
    reason: note.reason,
    message: `${await personName(signal)}: ${note.message}`.slice(0, 1_000),
    source: { component: "holdfast-cli" },
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
  try {
    await client.create(event, { manager: "holdfast-cli", signal });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}
