import { type App, appKey } from "#core/app/app.ts";
import type { Settings } from "#core/app/settings.ts";
import { digestText } from "#core/resource/digest.ts";
import { idOf } from "#core/resource/resource-id.ts";
import { annotationsOf, type Resource, withMetadata } from "#core/resource/resource.ts";
import { detailsOf } from "./argo-details.ts";
import { textAt } from "./fields.ts";
import { isOwnNamespace } from "./own-namespace.ts";

/** The annotation by which objects are tracked. */
export const TRACKING_ANNOTATION = "argocd.argoproj.io/tracking-id";

/** The label that our watches select by. */
export const APP_LABEL = "holdfast.dev/app";

/** How tracking ids name an app: with its namespace when that is not the control namespace. */
export function instanceName(object: Resource, settings: Settings): string {
  const namespace = textAt(object.metadata, "namespace");
  const name = textAt(object.metadata, "name");
  return namespace === settings.controlNamespace ? name : `${namespace}_${name}`;
}

/** Marks an object as the app's own; cluster-scoped objects are tracked under the app's namespace, as upstream writes it. */
export function markResource(resource: Resource, app: App): Resource {
  const { instance } = detailsOf(app);
  const labels = { [APP_LABEL]: labelValue(instance) };
  if (isOwnNamespace(resource)) return withMetadata(resource, { labels });
  const { group, kind, name, namespace } = idOf(resource);
  const place = namespace === "" ? (app.target.namespace ?? "") : namespace;
  const id = `${instance}:${group}/${kind}:${place}/${name}`;
  return withMetadata(resource, { labels, annotations: { [TRACKING_ANNOTATION]: id } });
}

/** The key of the app that a live object is tracked for; null when the id is absent or was copied from another object. */
export function ownerOf(live: Resource, controlNamespace: string): string | null {
  const match = /^([^:]+):([^/]*)\/([^:]+):([^/]*)\/(.+)$/.exec(annotationsOf(live)[TRACKING_ANNOTATION] ?? "");
  if (match === null) return null;
  const [, instance = "", group, kind, namespace, name] = match;
  const id = idOf(live);
  if (id.group !== group || id.kind !== kind || id.name !== name) return null;
  if (id.namespace !== "" && id.namespace !== namespace) return null;
  const split = instance.indexOf("_");
  const owner = split < 0 ? [controlNamespace, instance] : [instance.slice(0, split), instance.slice(split + 1)];
  return appKey("app", owner[0] ?? "", owner[1] ?? "");
}

function labelValue(instance: string): string {
  if (instance.length <= 63) return instance;
  return `${instance.slice(0, 52)}-${digestText(instance).slice(0, 10)}`;
}
