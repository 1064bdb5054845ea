import { type App, appKey } from "#core/app/app.ts";
import type { Settings } from "#core/app/settings.ts";
import { digestText } from "#core/resource/digest.ts";
import { idOf } from "#core/resource/resource-id.ts";
import { annotationsOf, labelsOf, type Resource, withMetadata } from "#core/resource/resource.ts";
import { detailsOf } from "./argo-details.ts";
import { textAt } from "./fields.ts";
import { isOwnNamespace } from "./own-namespace.ts";
import type { TrackingSettings } from "./settings-tracking.ts";

/** The annotation by which objects are tracked. */
export const TRACKING_ANNOTATION = "argocd.argoproj.io/tracking-id";

/** The label that our watches select by. */
export const APP_LABEL = "holdfast.dev/app";

const INSTALLATION_ANNOTATION = "argocd.argoproj.io/installation-id";
const LONGEST_LABEL = 63;

/** How tracking ids name an app: with its namespace when that is not the control namespace. */
export function instanceName(object: Resource, settings: Settings): string {
  const namespace = textAt(object.metadata, "namespace");
  const name = textAt(object.metadata, "name");
  return namespace === settings.controlNamespace ? name : `${namespace}_${name}`;
}

/** Marks an object as the app's own; cluster-scoped objects are tracked under the app's namespace, as upstream writes it. */
export function markResource(resource: Resource, app: App, tracking: TrackingSettings): Resource {
  const { instance } = detailsOf(app);
  const labels = { [APP_LABEL]: labelValue(instance) };
  if (isOwnNamespace(resource)) return withMetadata(resource, { labels });
  const { method, labelKey, installationId } = tracking;
  if (method === "label") return withMetadata(resource, { labels: { ...labels, [labelKey]: instance } });
  const { group, kind, name, namespace } = idOf(resource);
  const place = namespace === "" ? (app.target.namespace ?? "") : namespace;
  const annotations = {
    [TRACKING_ANNOTATION]: `${instance}:${group}/${kind}:${place}/${name}`,
    ...(installationId !== "" && { [INSTALLATION_ANNOTATION]: installationId }),
  };
  const named = method === "annotation+label" ? { [labelKey]: cutLabel(instance) } : {};
  return withMetadata(resource, { labels: { ...labels, ...named }, annotations });
}

/**
 * The key of the app that a live object is tracked for; null when it is not, or is a copy of one that is. Objects that
 * another method marked before are known by our own label too.
 */
export function ownerOf(
  live: Resource,
  { controlNamespace, tracking }: { readonly controlNamespace: string; readonly tracking: TrackingSettings },
): string | null {
  const byLabel = labelsOf(live)[tracking.labelKey] ?? "";
  const annotation = annotationsOf(live)[TRACKING_ANNOTATION];
  const isLabelled = byLabel !== "" && (tracking.method === "label" || wasLabelled(live, byLabel));
  if (isLabelled && (tracking.method === "label" || annotation === undefined)) return appOf(byLabel, controlNamespace);
  if (annotation === undefined || isOfAnother(live, tracking)) return null;
  const instance = instanceIn(annotation, live);
  return instance === null ? null : appOf(instance, controlNamespace);
}

function wasLabelled(live: Resource, instance: string): boolean {
  return labelsOf(live)[APP_LABEL] === labelValue(instance);
}

function isOfAnother(live: Resource, { installationId }: TrackingSettings): boolean {
  return installationId !== "" && annotationsOf(live)[INSTALLATION_ANNOTATION] !== installationId;
}

/** The app's name in a tracking id that was made for this very object. */
function instanceIn(annotation: string, live: Resource): string | null {
  const match = /^([^:]+):([^/]*)\/([^:]+):([^/]*)\/(.+)$/.exec(annotation);
  if (match === null) return null;
  const [, instance = "", group, kind, namespace, name] = match;
  const id = idOf(live);
  if (id.group !== group || id.kind !== kind || id.name !== name) return null;
  return id.namespace !== "" && id.namespace !== namespace ? null : instance;
}

function appOf(instance: string, controlNamespace: string): string {
  const split = instance.indexOf("_");
  return split < 0
    ? appKey("app", controlNamespace, instance)
    : appKey("app", instance.slice(0, split), instance.slice(split + 1));
}

/** As upstream cuts it: what is cut must still end well. */
function cutLabel(instance: string): string {
  return instance.slice(0, LONGEST_LABEL).replace(/[-_.]+$/, "");
}

function labelValue(instance: string): string {
  if (instance.length <= LONGEST_LABEL) return instance;
  return `${instance.slice(0, 52)}-${digestText(instance).slice(0, 10)}`;
}
