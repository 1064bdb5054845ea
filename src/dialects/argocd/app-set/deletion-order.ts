import { labelsOf, type Resource } from "#core/resource/resource.ts";
import { schemaProblems } from "../schema-problems.ts";
import { specOf } from "./set-spec.ts";
import { isOfStep, stepsOf } from "./rollout.ts";
import { type SetSpecFields, setSpecSchema } from "./set-schema.ts";

/** With it the garbage collector leaves the Applications alone, and so do we. */
const ORPHANING = "orphan";

/** Whether the Applications of a deleted set go step by step, the last step first. */
export function goesBackwards(spec: SetSpecFields): boolean {
  return spec.strategy?.deletionOrder?.toLowerCase() === "reverse" && stepsOf(spec) !== null;
}

/** The Applications of a deleted set in the order in which they go; those of no step go with the set. */
export function deletionOrder(object: Resource, members: readonly Resource[]): readonly (readonly Resource[])[] {
  const spec = specOf(object);
  if (object.metadata.finalizers?.includes(ORPHANING)) return [];
  if (schemaProblems(setSpecSchema, spec, "spec").length > 0 || !goesBackwards(spec)) return [];
  const steps = stepsOf(spec) ?? [];
  const stepOf = (app: Resource) => steps.findIndex((step) => isOfStep(labelsOf(app), step));
  const groups = Map.groupBy(members, stepOf);
  return steps.map((_step, index) => groups.get(index) ?? []).toReversed();
}
