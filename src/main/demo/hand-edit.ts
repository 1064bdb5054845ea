import { isDeepStrictEqual } from "node:util";
import type { Resource } from "#core/resource/resource.ts";
import type { ObjectRef } from "#engine/ports.ts";
import { PERSON, type Stage } from "./stage.ts";
import { spoken, StoryError } from "./story.ts";
import { waitFor } from "./wait-for.ts";

/** A change by hand: of what, a merge patch, how a person would do it, and the field that is to come back. */
export interface HandEdit {
  readonly ref: ObjectRef;
  readonly body: { readonly [part: string]: unknown };
  readonly what: string;
  readonly field: string;
}

/** Changes an object as a person would, and waits until it is as before. */
export async function editHealed(stage: Stage, change: HandEdit, signal: AbortSignal): Promise<void> {
  const { client, story } = stage;
  const { ref, body, what, field } = change;
  const before = contentOf(await client.get(ref, { signal }));
  const edited = await client.patch(ref, body, { type: "merge", manager: `${PERSON}-edit`, signal });
  const startedAt = performance.now();
  if (isDeepStrictEqual(contentOf(edited), before)) {
    throw new StoryError(`Cannot go on: the edit of ${ref.kind} ${ref.name} changed nothing`);
  }
  story.tell("you", what);
  const probe = async (scope: AbortSignal) =>
    isDeepStrictEqual(contentOf(await client.get(ref, { signal: scope })), before);
  await waitFor({ what: `the healing of ${ref.kind} ${ref.namespace}/${ref.name}`, everyMs: 5, probe }, signal);
  story.seen(
    "holdfast",
    `took ${field} of ${ref.kind}/${ref.name} back ${spoken(performance.now() - startedAt)} later`,
  );
}

/** Deletes an object as a person would, and waits until there is a new one. */
export async function deletionHealed(stage: Stage, ref: ObjectRef, signal: AbortSignal): Promise<void> {
  const { client, story } = stage;
  const uid = (await client.get(ref, { signal }))?.metadata.uid ?? "";
  await client.delete(ref, { uid, signal });
  const startedAt = performance.now();
  story.tell("you", `kubectl delete ${ref.kind.toLowerCase()} ${ref.name} -n ${ref.namespace}`);
  const probe = async (scope: AbortSignal) => {
    const now = await client.get(ref, { signal: scope });
    return now !== null && now.metadata.uid !== uid;
  };
  await waitFor({ what: `a new ${ref.kind} ${ref.namespace}/${ref.name}`, everyMs: 5, probe }, signal);
  story.seen("holdfast", `made ${ref.kind}/${ref.name} anew ${spoken(performance.now() - startedAt)} later`);
}

/** What people write in an object: no status, no records of the server. */
function contentOf(object: Resource | null): unknown {
  if (object === null) return null;
  const { metadata, status: _, ...content } = object as Resource & { status?: unknown };
  return { ...content, labels: metadata.labels };
}
