import { idText, kindKey, type ResourceId } from "#core/resource/resource-id.ts";

/** A deletion that a change of content asks for, with what is known about its blast radius. */
export interface Candidate {
  readonly id: ResourceId;
  /** What would be lost with it: instances of a definition, other people's objects of a namespace; null: nothing known. */
  readonly cascade: string | null;
}

/** Kinds whose deletion takes data with it. */
const DATA_KINDS: ReadonlySet<string> = new Set(["/PersistentVolume", "/PersistentVolumeClaim"]);
const SMALL_APP = 20;

/**
 * Why a change of content may not delete these objects without a person's approval; empty when it may.
 * `recorded`: objects in the inventory; `remaining`: objects that the new content still declares.
 */
export function budgetRefusals(
  candidates: readonly Candidate[],
  counts: { recorded: number; remaining: number; allowEmpty: boolean },
): string[] {
  if (candidates.length === 0) return [];
  const refusals: string[] = [];
  const all = candidates.length >= counts.recorded;
  if (all && !(counts.allowEmpty && counts.remaining === 0)) {
    refusals.push(`the change would delete every object of the app (${candidates.length} of ${counts.recorded})`);
  } else if (!all && counts.recorded > SMALL_APP && candidates.length * 2 > counts.recorded) {
    refusals.push(`the change would delete more than half of the app (${candidates.length} of ${counts.recorded})`);
  }
  for (const { id, cascade } of candidates) {
    if (DATA_KINDS.has(kindKey(id))) refusals.push(`${idText(id)} holds data`);
    else if (cascade) refusals.push(`${idText(id)}: ${cascade}`);
  }
  return refusals;
}
