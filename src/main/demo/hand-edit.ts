import type { Resource } from "#core/resource/resource.ts";
import type { ObjectRef } from "#engine/ports.ts";

/** A change by hand: of what, a merge patch, how a person would do it, and the field that is to come back. */
export interface HandEdit {
  readonly ref: ObjectRef;
  readonly body: { readonly [part: string]: unknown };
  readonly what: string;
  readonly field: string;
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

function refOf({ apiVersion, kind, metadata: { name, namespace } }: Resource): ObjectRef {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}
