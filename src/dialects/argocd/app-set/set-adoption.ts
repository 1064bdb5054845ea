import { ADOPTED_ANNOTATION } from "#core/app/adoption.ts";
import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import { ok, refused, type Result } from "#core/result.ts";
import { textAt } from "../fields.ts";
import type { SetSettings } from "../settings-sets.ts";
import { stepsOf } from "./rollout.ts";
import { specOf } from "./set-spec.ts";

type Patch = Readonly<Record<string, unknown>>;

/** With it Argo CD neither changes nor deletes what a set made: it has no other switch for one set. */
const OFF = "create-only";
const NONE = "none";

/** Whether a set is adopted, and Argo CD still kept off its Applications. */
export function isHeld(object: Resource): boolean {
  return recordOf(object) !== null && writtenPolicy(object) === OFF;
}

/** The policy that a set has by itself, whatever keeps Argo CD off it. */
export function ownPolicy(object: Resource): string {
  const recorded = isHeld(object) ? recordOf(object) : null;
  return (recorded === NONE ? "" : (recorded ?? writtenPolicy(object))) || "sync";
}

/** The merge patch that takes a set over from Argo CD, null for one that is adopted; or why it cannot be. */
export function take(object: Resource, { policy }: SetSettings, now: string): Result<Patch | null, string> {
  if (isHeld(object)) return ok(null);
  if (policy !== null) return refused("applicationsetcontroller.policy counts for all sets, whatever they say");
  if (stepsOf(specOf(object))) return refused("both would order the syncs of its rolling sync");
  const adopted = `${now} ${writtenPolicy(object) || NONE}`;
  return ok({
    metadata: { annotations: { [ADOPTED_ANNOTATION]: adopted } },
    spec: { syncPolicy: { applicationsSync: OFF } },
  });
}

/** The merge patch that gives a set back as it was; null: it is not adopted. */
export function give(object: Resource): Patch | null {
  const recorded = recordOf(object);
  if (recorded === null) return null;
  const metadata = { annotations: { [ADOPTED_ANNOTATION]: null } };
  if (!isHeld(object)) return { metadata };
  return { metadata, spec: { syncPolicy: { applicationsSync: recorded === NONE ? null : recorded } } };
}

function recordOf(object: Resource): string | null {
  const adopted = annotationsOf(object)[ADOPTED_ANNOTATION];
  return adopted === undefined ? null : (adopted.split(" ")[1] ?? NONE);
}

function writtenPolicy(object: Resource): string {
  return textAt(object["spec"], "syncPolicy", "applicationsSync");
}
