import { conditionOf } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { ObjectRef } from "#engine/ports.ts";
import { deletionHealed, editHealed } from "./change-acts.ts";
import { editOf } from "./hand-edit.ts";
import { copyOf, withoutCredential } from "./own-repository.ts";
import type { Production, Stage } from "./stage.ts";
import { type Story, StoryError, spoken } from "./story.ts";
import { waitFor } from "./wait-for.ts";
import { appDone, appWhere, type WatchedApp } from "./watched-app.ts";

/** Which repository, and which of its folders ("" or ".": all of it). */
export interface OwnRepository {
  readonly repository: string;
  readonly path: string;
  /** Whether git may ask for a password. */
  readonly mayAsk: boolean;
}

const yours: WatchedApp = { address: "ks/yours", namespace: "yours", good: "Ready" };
const kustomization: ObjectRef = {
  apiVersion: "kustomize.toolkit.fluxcd.io/v1",
  kind: "Kustomization",
  namespace: "flux-system",
  name: yours.namespace,
};
const HEALTHY_WITHIN_S = 30;

/** A person's own folder in a throwaway cluster: nothing is written to their repository, which is copied. */
export function ownStory(story: Story, origin: OwnRepository): Production {
  const path = origin.path.replace(/^(\.?\/)+|\/+$/g, "") || ".";
  return {
    story,
    makeRepository: async (place, signal) => {
      const copy = await copyOf({ ...origin, path }, place, signal);
      story.seen(
        "git",
        `a copy of ${withoutCredential(origin.repository)}, branch ${copy.branch}; nothing is pushed there`,
      );
      return copy;
    },
    play: async (stage, signal) => {
      const objects = await firstSync(stage, path, signal);
      await editsHealed(stage, objects, signal);
      await allPruned(stage, { path, objects }, signal);
    },
  };
}

async function firstSync(stage: Stage, path: string, signal: AbortSignal): Promise<readonly Resource[]> {
  const { story, client } = stage;
  story.act(`First sync: ${path === "." ? "the whole repository" : path} into the namespace ${yours.namespace}`);
  const startedAt = performance.now();
  for (const object of declared(stage, path)) await stage.apply(object, signal);
  story.tell("you", "kubectl apply: a GitRepository and a Kustomization");
  const probe = async (scope: AbortSignal) => {
    const app = await client.get(kustomization, { signal: scope });
    const ready = app && conditionOf(app, "Ready");
    return ready ? ready.status !== "Unknown" && ready : null;
  };
  const limitMs = (HEALTHY_WITHIN_S + 15) * 1_000;
  const ready = await waitFor({ what: `an answer of ${yours.address}`, limitMs, probe }, signal);
  const took = spoken(performance.now() - startedAt);
  if (ready.status !== "True" && ready.reason !== "HealthCheckFailed") {
    throw new StoryError(`${yours.address} cannot be applied (${ready.reason}): ${ready.message}`);
  }
  const objects = await ownObjects(stage, signal);
  story.seen("cluster", `${objects.length} objects: ${kindsOf(objects)}`);
  if (ready.status === "True") story.seen(yours.address, `Ready after ${took}, everything is healthy`);
  else await goOnUnhealthy(stage, ready.message, signal);
  return objects;
}

/** Some things cannot become healthy here, such as what needs a volume; the rest of the story does not need that. */
async function goOnUnhealthy(stage: Stage, message: string, signal: AbortSignal): Promise<void> {
  stage.story.tell(
    yours.address,
    `applied, but not all of it is healthy after ${HEALTHY_WITHIN_S} s (nodes here are simulated):`,
  );
  stage.story.quote(message);
  await stage.client.patch(kustomization, { spec: { wait: false } }, { type: "merge", manager: "kubectl", signal });
  await appWhere(stage, yours, { what: "is applied", holds: ({ state }) => state === "Ready" }, signal);
}

async function editsHealed(stage: Stage, objects: readonly Resource[], signal: AbortSignal): Promise<void> {
  stage.story.act("Edits by hand are healed");
  const change = editOf(objects);
  if (change === null) throw new StoryError("Cannot go on: there is nothing that could be edited");
  await editHealed(stage, change, signal);
  const expendable = objects.find(({ kind }) => kind === "Service" || kind === "ConfigMap");
  if (expendable) await deletionHealed(stage, refOf(expendable), signal);
}

/** Shows what would be pruned if the folder became empty; it is held, and nothing happens to the objects. */
async function allPruned(
  stage: Stage,
  { path, objects }: { path: string; objects: readonly Resource[] },
  signal: AbortSignal,
): Promise<void> {
  const { story, repository } = stage;
  story.act("What would be pruned, if a commit emptied the folder");
  const before = await uidsOf(stage, objects, signal);
  await repository.git(["rm", "-r", "--quiet", "--", path], signal);
  await repository.write(`${path}/.keep`, "");
  const commit = await repository.push("Empty the folder", signal);
  story.tell("you", `git push ${commit.slice(0, 7)} to the copy: ${path} is empty`);
  const holds = ({ held }: { held: string }) => held !== "";
  const { held } = await appWhere(stage, yours, { what: "holds its deletions", holds }, signal);
  story.seen(yours.address, "deletes nothing before somebody approves:");
  story.quote(held);
  if ((await uidsOf(stage, objects, signal)).join() !== before.join()) {
    throw new StoryError("Cannot go on: objects were deleted although nobody approved");
  }
  await repository.git(["revert", "--no-edit", commit], signal);
  await repository.git(["push", "--quiet", "origin", `HEAD:refs/heads/${repository.branch}`], signal);
  const took = await appDone(stage, yours, await repository.git(["rev-parse", "HEAD"], signal), signal);
  story.seen(
    yours.address,
    `${yours.good} ${took} after that commit was reverted, all ${objects.length} objects are untouched`,
  );
}

function declared({ repository }: Stage, path: string): Resource[] {
  const { namespace } = yours;
  const metadata = { name: yours.namespace, namespace: "flux-system" };
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    {
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "GitRepository",
      metadata,
      spec: { url: repository.url, ref: { branch: repository.branch }, interval: "1m" },
    },
    {
      apiVersion: kustomization.apiVersion,
      kind: kustomization.kind,
      metadata,
      spec: {
        sourceRef: { kind: "GitRepository", name: namespace },
        path: `./${path}`,
        targetNamespace: namespace,
        interval: "10m",
        retryInterval: "10s",
        timeout: `${HEALTHY_WITHIN_S}s`,
        prune: true,
        wait: true,
      },
    },
  ];
}

/** The objects that the app's status lists, as the API server has them. @throws StoryError when one is missing */
async function ownObjects(stage: Stage, signal: AbortSignal): Promise<readonly Resource[]> {
  const app = await stage.client.get(kustomization, { signal });
  const { inventory } = (app?.["status"] ?? {}) as { inventory?: { entries?: { id: string; v: string }[] } };
  const refs = (inventory?.entries ?? []).map(inventoryRef);
  if (refs.length === 0) throw new StoryError(`Cannot go on: there is nothing to apply in this folder`);
  return await Promise.all(
    refs.map(async (ref) => {
      const live = await stage.client.get(ref, { signal });
      if (live) return live;
      throw new StoryError(`Cannot go on: ${ref.kind} ${ref.name} is in the inventory and not on the cluster`);
    }),
  );
}

/** Reads `<namespace>_<name>_<group>_<kind>`, where two underscores stand for a colon of the name. */
function inventoryRef({ id, v }: { id: string; v: string }): ObjectRef {
  const [, namespace = "", name = "", group = "", kind = ""] = /^([^_]*)_(.+)_([^_]*)_([^_]+)$/.exec(id) ?? [];
  const place = namespace === "" ? {} : { namespace };
  return { apiVersion: group === "" ? v : `${group}/${v}`, kind, name: name.replaceAll("__", ":"), ...place };
}

async function uidsOf(stage: Stage, objects: readonly Resource[], signal: AbortSignal): Promise<string[]> {
  return await Promise.all(
    objects.map(async (object) => (await stage.client.get(refOf(object), { signal }))?.metadata.uid ?? "gone"),
  );
}

function refOf({ apiVersion, kind, metadata }: Resource): ObjectRef {
  const { name, namespace } = metadata;
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

function kindsOf(objects: readonly Resource[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of objects) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(", ");
}
