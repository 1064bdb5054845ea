import type { App } from "#core/app/app.ts";
import type { ObjectOptions } from "#core/app/rules.ts";
import { gvkOf } from "#core/resource/resource-id.ts";
import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import { detailsOf } from "./argo-details.ts";
import { hookRole } from "./hook.ts";
import { ignoredIn } from "./ignore-rules.ts";
import { hasOwnMetadata, isOwnNamespace } from "./own-namespace.ts";
import type { ArgoSettings } from "./settings.ts";
import { systemRules } from "./settings-compare.ts";
import { isExcluded } from "./settings-exclusions.ts";
import { listOf, readSyncOptions, type SyncOptions } from "./sync-options.ts";

/** The annotation for sync options of one object. */
export const SYNC_OPTIONS = "argocd.argoproj.io/sync-options";

const MIGRATION_MANAGER = "argocd.argoproj.io/client-side-apply-migration-manager";

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

/** Nobody's to touch: neither written nor deleted, and nothing is said of it. */
const EXCLUDED: ObjectOptions = { ...OWN_NAMESPACE, apply: "ignore" };

/** What an object's annotations ask for, over what the app's sync options ask for. */
export function optionsOf(
  resource: Resource,
  live: Resource | null,
  { app, argo }: { readonly app: App; readonly argo: Pick<ArgoSettings, "compare" | "exclusions"> },
): ObjectOptions {
  // Its labels and annotations are kept up where the app names some; nothing else of it ever is.
  if (isOwnNamespace(resource)) return hasOwnMetadata(resource) ? { ...OWN_NAMESPACE, apply: "merge" } : OWN_NAMESPACE;
  const { options, ignore, cluster } = detailsOf(app);
  if (isExcluded(argo.exclusions, gvkOf(resource), cluster)) return EXCLUDED;
  const declared = ownOptions(resource);
  const standing = live === null || live === resource ? declared : ownOptions(live);
  const skipped = hookRole(resource).kind === "skip";
  const confirms = confirmsOf([declared, standing], options);
  return {
    apply: skipped ? "ignore" : "apply",
    // Whoever deletes looks at the live object: what it says was once applied on purpose.
    prune: !skipped && !isOwned(live) && allowed(declared.prune, standing.prune, options.prune),
    deleteWithApp: allowed(declared.delete, standing.delete, options.delete) && !isKept(resource) && !isKept(live),
    force: declared.force ?? options.force ?? false,
    replace: declared.replace ?? options.replace ?? false,
    counted: !skipped && !(live === resource && (ignoresExtraneous(resource) || isOwned(live))),
    ...ignoredIn(resource, [...systemRules(resource, argo.compare), ...ignore]),
    leaveIgnored: options.respectIgnored ?? false,
    ...(confirms.length > 0 && { confirms }),
    ...((declared.validate ?? options.validate) === false && { unchecked: true }),
    ...((declared.skipMissing ?? options.skipMissing) && { mayLackKind: true }),
    ...migrationOf(resource, app),
  };
}

/** Which of its deletions wait for a person's word. */
function confirmsOf(own: readonly SyncOptions[], app: SyncOptions): ("prune" | "delete")[] {
  const asks = (name: "prune" | "delete") => {
    const said = own.map((options) => options[name]).filter((value) => value !== null);
    return said.length === 0 ? app[name] === "confirm" : said.includes("confirm");
  };
  return (["prune", "delete"] as const).filter(asks);
}

/** Whose client-side fields our first apply takes over: kubectl's, unless the app names others or none. */
function migrationOf(resource: Resource, app: App): Pick<ObjectOptions, "migrates"> {
  const { options } = detailsOf(app);
  const declared = ownOptions(resource).migrate ?? options.migrate;
  const manager = annotationsOf(resource)[MIGRATION_MANAGER];
  if (declared === false) return { migrates: [] };
  return manager ? { migrates: [manager] } : {};
}

/** Whether an object that is not declared leaves the app's comparison alone. */
export function ignoresExtraneous(resource: Resource): boolean {
  return listOf(annotationsOf(resource)["argocd.argoproj.io/compare-options"]).includes("IgnoreExtraneous");
}

function ownOptions(resource: Resource): SyncOptions {
  return readSyncOptions(listOf(annotationsOf(resource)[SYNC_OPTIONS]), SYNC_OPTIONS).options;
}

/** Whether an object itself says that its deletion is to be confirmed. */
export function asksForConfirmation(resource: Resource): boolean {
  const { prune, delete: deletion } = ownOptions(resource);
  return prune === "confirm" || deletion === "confirm";
}

type Permission = boolean | "confirm" | null;

function allowed(declared: Permission, standing: Permission, app: Permission): boolean {
  if (declared === false || standing === false) return false;
  return (declared ?? standing ?? app ?? true) !== false;
}

function isKept(resource: Resource | null): boolean {
  return resource !== null && annotationsOf(resource)["helm.sh/resource-policy"] === "keep";
}

/** Whoever owns an object made it, and takes it away. */
function isOwned(live: Resource | null): boolean {
  return (live?.metadata.ownerReferences?.length ?? 0) > 0;
}
