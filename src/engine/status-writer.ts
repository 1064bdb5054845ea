import type { ObjectWrite } from "#core/app/app-report.ts";
import { mergePatch } from "#core/diff/merge-patch.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { ClusterClient } from "./ports.ts";

/** How a dialect's objects are written. */
export interface StatusStyle {
  readonly manager: string;
  readonly subresource: boolean;
  /** Whether it can wait for what others write. */
  readonly late?: true;
}

/**
 * Sends the difference between the status an object has and the one it shall have: nothing when there is none, one
 * request otherwise (two where a status subresource separates status from the rest).
 * @returns the object as stored afterwards, or null when nothing was sent or the object is gone
 */
export async function writeStatus(
  client: ClusterClient,
  input: { object: Resource; write: ObjectWrite; style: StatusStyle },
  signal: AbortSignal,
): Promise<Resource | null> {
  const { object, write, style } = input;
  const { apiVersion, kind } = object;
  const ref = { apiVersion, kind, namespace: object.metadata.namespace ?? "", name: object.metadata.name };
  const status = mergePatch(object["status"] ?? {}, write.status);
  const patches = style.subresource
    ? [
        { body: status === undefined ? null : { status }, subresource: "status" as const },
        { body: write.patch, subresource: undefined },
      ]
    : [{ body: joined(status, write.patch), subresource: undefined }];
  let stored: Resource | null = null;
  for (const { body, subresource } of patches) {
    if (!body) continue;
    const { manager, late } = style;
    const how = { ...(subresource && { subresource }), ...(late && { late }) };
    const options = { type: "merge", manager, signal, ...how } as const;
    try {
      stored = await client.patch(ref, body, options);
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return null;
      throw error;
    }
  }
  return stored;
}

function joined(status: unknown, patch: ObjectWrite["patch"]): Record<string, unknown> | null {
  if (status === undefined && !patch) return null;
  return { ...patch, ...(status === undefined ? {} : { status }) };
}
