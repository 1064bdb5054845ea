import type { Desired } from "#core/plan/make-plan.ts";
import { idText } from "#core/resource/resource-id.ts";
import { annotationsOf, labelsOf, type Resource } from "#core/resource/resource.ts";
import { refOf } from "../compare-objects.ts";
import type { DesiredSet } from "../desired-set.ts";
import { asUser, eachInParallel } from "../requests.ts";
import type { ReleaseWork } from "./release-work.ts";

const PARALLEL = 16;

/**
 * Gives the objects of a release that somebody else made the app's mark, and nothing else, so that they are followed and
 * go with the app. An object that is not there is left to drift.
 */
export async function markAdopted(one: ReleaseWork, desired: DesiredSet, signal: AbortSignal): Promise<void> {
  const { context, state } = one.work;
  const { rules } = state.dialect;
  const unmarked = desired.objects.filter(({ key }) => context.index.get(key) === undefined);
  await eachInParallel(unmarked, PARALLEL, async (object) => {
    const live = await context.client.get(refOf(object), { signal, ...asUser(state.app) });
    if (!live || rules.ownerOf(live) === state.app.key) return;
    const options = { manager: rules.manager, signal, ...asUser(state.app) };
    const answer = await context.client.apply(markOf(one, object, live), options);
    context.index.record(answer.object);
    context.audit.append({
      at: context.clock.now(),
      actor: "holdfast",
      app: state.app.key,
      verb: "adopt",
      object: idText(object.id),
      revision: "",
      reason: "part of a release that is taken over as it is",
      detail: { uid: live.metadata.uid ?? "" },
    });
  });
  if (unmarked.length > 0) state.dirty = "all";
}

/** The mark alone; the UID keeps the server from making an object of it. */
function markOf({ work }: ReleaseWork, { resource }: Desired, live: Resource): Resource {
  const { state } = work;
  const { apiVersion, kind, metadata } = resource;
  const { name, namespace } = metadata;
  const bare = { apiVersion, kind, metadata: { name, ...(namespace && { namespace }) } };
  const { uid } = live.metadata;
  const marked = state.dialect.rules.mark(bare, state.app);
  const labels = labelsOf(marked);
  const annotations = annotationsOf(marked);
  return { ...bare, metadata: { ...bare.metadata, ...(uid && { uid }), labels, annotations } };
}
