import { ADOPTED_ANNOTATION } from "#core/app/adoption.ts";
import type { AppSet } from "#core/app/app-set.ts";
import type { MemberChange } from "#core/app/member-change.ts";
import type { ObjectOptions } from "#core/app/rules.ts";
import { counterpartOf } from "#core/diff/counterpart.ts";
import { type Ignored, ignoredFieldsOf } from "#core/diff/ignored-fields.ts";
import { withoutPaths } from "#core/diff/ignore-paths.ts";
import { valueAt } from "#core/diff/json-pointer.ts";
import { keepIgnored } from "#core/diff/keep-ignored.ts";
import { mergePatch } from "#core/diff/merge-patch.ts";
import { annotationsOf, labelsOf, type OwnerReference, type Resource } from "#core/resource/resource.ts";
import type { SetSettings } from "../settings-sets.ts";
import { specOf } from "./set-spec.ts";
import type { SetSpecFields } from "./set-schema.ts";

/** Annotations that others keep on an Application, whatever its set says. */
const KEPT = ["notified.notifications.argoproj.io", "argocd.argoproj.io/refresh", "argocd.argoproj.io/hydrate"];
const OURS = "holdfast.dev/";
const FENCE = "argocd.argoproj.io/skip-reconcile";

/** Finalizers that hooks of the Application put there. */
const HOOK_FINALIZERS = ["post-delete-finalizer.argocd.argoproj.io", "pre-delete-finalizer.argocd.argoproj.io"];

/** The set that controls an Application, by its uid. */
export function ownerOf(app: Resource): string | null {
  const owner = app.metadata.ownerReferences?.find(({ controller }) => controller === true);
  return owner?.kind === "ApplicationSet" && owner.apiVersion.startsWith("argoproj.io/") ? owner.uid : null;
}

/** What must be written so that an Application is as its set wants it; what others keep on it stays. */
export function changeOf(
  { set, settings, ignored }: { readonly set: AppSet; readonly settings: SetSettings; readonly ignored: Ignored },
  { wanted, live }: { readonly wanted: Resource; readonly live: Resource | null },
): MemberChange {
  const reference = referenceTo(set);
  if (live === null) {
    return { kind: "create", object: { ...wanted, metadata: { ...wanted.metadata, ownerReferences: [reference] } } };
  }
  const other = live.metadata.ownerReferences?.find(
    ({ controller, uid }) => controller === true && uid !== reference.uid,
  );
  if (other) {
    const whose = `${other.kind} ${other.name}`;
    return {
      kind: "refused",
      message: `application ${wanted.metadata.name} is already owned by another controller: ${whose}`,
    };
  }
  const spec = specOf(set.object);
  const desired = keepIgnored(withKept(wanted, live, { spec, reference, settings }), live, ignored);
  const own = ignoredFieldsOf(ignored).live.filter((pointer) => {
    const place = counterpartOf(pointer, live, desired);
    return place === null || valueAt(desired, place) === undefined;
  });
  const patch = mergePatch(managedPart(withoutPaths(live, own)), managedPart(desired));
  if (patch === undefined) return { kind: "same" };
  const operation = wanted["operation"] === undefined ? {} : { operation: wanted["operation"] };
  return { kind: "update", patch: { ...(patch as Readonly<Record<string, unknown>>), ...operation } };
}

/** What of an Application differs without counting, as its set's spec says. */
export function ignoredIn(
  { ignoreApplicationDifferences = [] }: SetSpecFields,
  app: string,
): Pick<ObjectOptions, "ignoredPaths" | "ignoredBy"> {
  const rules = ignoreApplicationDifferences.filter(({ name }) => !name || name === app);
  const ignoredPaths = rules.flatMap(({ jsonPointers = [] }) => jsonPointers);
  const queries = rules.flatMap(({ jqPathExpressions = [] }) => jqPathExpressions);
  return queries.length === 0 ? { ignoredPaths } : { ignoredPaths, ignoredBy: { queries, managers: [] } };
}

/** The merge patch after which an Application outlives its set. */
export function release(app: Resource): Readonly<Record<string, unknown>> {
  const others = (app.metadata.ownerReferences ?? []).filter(({ controller }) => controller !== true);
  return { metadata: { ownerReferences: others.length > 0 ? others : null } };
}

function referenceTo({ object }: AppSet): OwnerReference & { readonly blockOwnerDeletion: boolean } {
  const { name, uid = "" } = object.metadata;
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "ApplicationSet",
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

function withKept(
  wanted: Resource,
  live: Resource,
  {
    spec,
    reference,
    settings,
  }: { readonly spec: SetSpecFields; readonly reference: OwnerReference; readonly settings: SetSettings },
): Resource {
  const { annotations = [], labels = [] } = spec.preservedFields ?? {};
  const isAdopted = annotationsOf(live)[ADOPTED_ANNOTATION] !== undefined;
  const kept = new Set([...KEPT, ...annotations, ...settings.keptAnnotations, ...(isAdopted ? [FENCE] : [])]);
  const hooks = (live.metadata.finalizers ?? []).filter((name) =>
    HOOK_FINALIZERS.some((hook) => name.startsWith(hook)),
  );
  const others = (live.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== reference.uid);
  return {
    ...wanted,
    metadata: {
      ...wanted.metadata,
      annotations: { ...wanted.metadata.annotations, ...picked(annotationsOf(live), kept) },
      labels: { ...wanted.metadata.labels, ...picked(labelsOf(live), new Set([...labels, ...settings.keptLabels])) },
      finalizers: [...new Set([...(wanted.metadata.finalizers ?? []), ...hooks])],
      ownerReferences: [...others, reference],
    },
  };
}

function picked(live: Readonly<Record<string, string>>, names: ReadonlySet<string>): Record<string, string> {
  return Object.fromEntries(Object.entries(live).filter(([name]) => names.has(name) || name.startsWith(OURS)));
}

/** What a set decides about an Application; the rest is the Application's own. */
function managedPart({ metadata, spec }: Resource): Record<string, unknown> {
  const { labels = {}, annotations = {}, finalizers = [], ownerReferences = [] } = metadata;
  const owners = [...ownerReferences].toSorted((a, b) => (a.uid < b.uid ? -1 : 1));
  return { metadata: { labels, annotations, finalizers, ownerReferences: owners }, spec };
}
