import type { App } from "#core/app/app.ts";
import type { ObjectOptions } from "#core/app/rules.ts";
import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import { detailsOf, type IgnoreRule } from "./argo-details.ts";
import { hookRole } from "./hook.ts";
import { ignoredIn } from "./ignore-rules.ts";
import { isOwnNamespace } from "./own-namespace.ts";
import { listOf, readSyncOptions, type SyncOptions } from "./sync-options.ts";

/** The annotation for sync options of one object. */
export const SYNC_OPTIONS = "argocd.argoproj.io/sync-options";

const OWN_NAMESPACE: ObjectOptions = {
  apply: "if-absent",
  prune: false,
  deleteWithApp: false,
  force: false,
  replace: false,
  counted: false,
  ignoredPaths: [],
  leaveIgnored: false,
};

/** What an object's annotations ask for, over what the app's sync options ask for. */
export function optionsOf(
  resource: Resource,
  live: Resource | null,
  { app, system }: { readonly app: App; readonly system: readonly IgnoreRule[] },
): ObjectOptions {
  if (isOwnNamespace(resource)) return OWN_NAMESPACE;
  const { options, ignore } = detailsOf(app);
  const declared = ownOptions(resource);
  const standing = live === null || live === resource ? declared : ownOptions(live);
  const skipped = hookRole(resource).kind === "skip";
  return {
    apply: skipped ? "ignore" : "apply",
    // Whoever deletes looks at the live object: what it says was once applied on purpose.
    prune: !skipped && !isOwned(live) && allowed(declared.prune, standing.prune, options.prune),
    deleteWithApp: allowed(declared.delete, standing.delete, options.delete) && !isKept(resource) && !isKept(live),
    force: declared.force ?? options.force ?? false,
    replace: declared.replace ?? options.replace ?? false,
    counted: !skipped && !(live === resource && (ignoresExtraneous(resource) || isOwned(live))),
    ...ignoredIn(resource, [...system, ...ignore]),
    leaveIgnored: options.respectIgnored ?? false,
  };
}

/** Whether an object that is not declared leaves the app's comparison alone. */
export function ignoresExtraneous(resource: Resource): boolean {
  return listOf(annotationsOf(resource)["argocd.argoproj.io/compare-options"]).includes("IgnoreExtraneous");
}

function ownOptions(resource: Resource): SyncOptions {
  return readSyncOptions(listOf(annotationsOf(resource)[SYNC_OPTIONS]), SYNC_OPTIONS).options;
}

function allowed(declared: boolean | null, standing: boolean | null, app: boolean | null): boolean {
  if (declared === false || standing === false) return false;
  return declared ?? standing ?? app ?? true;
}

function isKept(resource: Resource | null): boolean {
  return resource !== null && annotationsOf(resource)["helm.sh/resource-policy"] === "keep";
}

/** Whoever owns an object made it, and takes it away. */
function isOwned(live: Resource | null): boolean {
  return (live?.metadata.ownerReferences?.length ?? 0) > 0;
}
