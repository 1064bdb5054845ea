import { annotationsOf, labelsOf, type Resource } from "#core/resource/resource.ts";
import { idText } from "#core/resource/resource-id.ts";
import type { DesiredSet } from "../desired-set.ts";
import { refOf } from "../compare-objects.ts";
import { asUser, eachInParallel } from "../requests.ts";
import type { ReleaseWork } from "./release-work.ts";

const PARALLEL = 16;

/** Objects that are there already and belong to no release or to another one, told in one line; null: there are none. */
export async function foreignObjects(
  { work, policy }: ReleaseWork,
  desired: DesiredSet,
  signal: AbortSignal,
): Promise<string | null> {
  const { context, state } = work;
  const foreign: string[] = [];
  const absent = desired.objects.filter(({ key }) => state.verdicts.get(key)?.kind === "missing");
  await eachInParallel(absent, PARALLEL, async (object) => {
    const live = await context.client.get(refOf(object), { signal, ...asUser(state.app) });
    if (live && !isOf(live, policy)) foreign.push(idText(object.id));
  });
  if (foreign.length === 0) return null;
  return `exists already and is not part of this release: ${foreign.sort().join(", ")}`;
}

function isOf(live: Resource, { name, namespace }: { name: string; namespace: string }): boolean {
  const annotations = annotationsOf(live);
  return (
    labelsOf(live)["app.kubernetes.io/managed-by"] === "Helm" &&
    annotations["meta.helm.sh/release-name"] === name &&
    annotations["meta.helm.sh/release-namespace"] === namespace
  );
}
