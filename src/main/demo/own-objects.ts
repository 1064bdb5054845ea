import type { Resource } from "#core/resource/resource.ts";
import type { ObjectRef } from "#engine/ports.ts";
import type { HandEdit } from "./hand-edit.ts";
import type { Stage } from "./stage.ts";
import { StoryError } from "./story.ts";
import type { WatchedApp } from "./watched-app.ts";

/** A folder of a person's repository and what came of it. */
export interface OwnFolder {
  readonly path: string;
  readonly objects: readonly Resource[];
}

/** The app that follows the folder. */
export const yours: WatchedApp = { address: "ks/yours", namespace: "yours", good: "Ready" };

/** Its object. */
export const yoursRef: ObjectRef = {
  apiVersion: "kustomize.toolkit.fluxcd.io/v1",
  kind: "Kustomization",
  namespace: "flux-system",
  name: "yours",
};

/** The objects that the app's status lists, as the API server has them. @throws StoryError when one is missing */
export async function ownObjects(stage: Stage, signal: AbortSignal): Promise<readonly Resource[]> {
  const live = await stage.client.get(yoursRef, { signal });
  const { inventory } = (live?.["status"] ?? {}) as { inventory?: { entries?: { id: string; v: string }[] } };
  const refs = (inventory?.entries ?? []).map(inventoryRef);
  if (refs.length === 0) throw new StoryError("Cannot go on: nothing in this folder can be applied");
  return await Promise.all(
    refs.map(async (ref) => {
      const object = await stage.client.get(ref, { signal });
      if (object) return object;
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

/** Their identities now; an object that is not there any more has none. */
export async function uidsOf(stage: Stage, objects: readonly Resource[], signal: AbortSignal): Promise<string[]> {
  return await Promise.all(
    objects.map(async (object) => (await stage.client.get(refOf(object), { signal }))?.metadata.uid ?? "gone"),
  );
}

/** Address of an object. */
export function refOf({ apiVersion, kind, metadata }: Resource): ObjectRef {
  const { name, namespace } = metadata;
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

/** How many there are of each kind, in words. */
export function kindsOf(objects: readonly Resource[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of objects) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(", ");
}

/** An edit of the most telling of some objects; null when there is none. */
export function editOf(objects: readonly Resource[]): HandEdit | null {
  const deployment = objects.find(({ kind }) => kind === "Deployment");
  if (deployment) return imageEdit(deployment);
  const map = objects.find((object) => object.kind === "ConfigMap" && firstKey(object) !== undefined);
  if (map) {
    const what = `kubectl edit configmap ${nameOf(map)}`;
    return { ref: refOf(map), body: { data: { [firstKey(map) ?? ""]: "by hand" } }, what, field: "data" };
  }
  const any = objects[0];
  if (!any) return null;
  const what = `kubectl label ${any.kind.toLowerCase()} ${nameOf(any)} edited-by=hand`;
  return { ref: refOf(any), body: { metadata: { labels: { "edited-by": "hand" } } }, what, field: "labels" };
}

function imageEdit(deployment: Resource): HandEdit {
  const { template } = deployment["spec"] as { template: { spec: { containers: { name: string; image: string }[] } } };
  const [first, ...others] = template.spec.containers;
  const containers = [{ ...first, image: "example.com/by-hand:1" }, ...others];
  const what = `kubectl set image deployment ${nameOf(deployment)} ${first?.name}=example.com/by-hand:1`;
  return { ref: refOf(deployment), body: { spec: { template: { spec: { containers } } } }, what, field: "the image" };
}

function firstKey(map: Resource): string | undefined {
  return Object.keys((map["data"] as Record<string, string> | undefined) ?? {})[0];
}

function nameOf({ metadata: { name, namespace } }: Resource): string {
  return namespace === undefined ? name : `${name} -n ${namespace}`;
}
