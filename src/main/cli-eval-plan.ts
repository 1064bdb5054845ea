import type { App } from "#core/app/app.ts";
import type { Dialect } from "#core/app/dialect.ts";
import { driftOf } from "#core/diff/drift.ts";
import type { ObjectOptions } from "#core/app/rules.ts";
import { humanDiff } from "#core/diff/human-diff.ts";
import { type Ignored, ignoredFieldsOf } from "#core/diff/ignored-fields.ts";
import { builtInScopes, scopesFrom } from "#core/plan/eval-scopes.ts";
import type { Inventory, InventoryEntry } from "#core/plan/inventory.ts";
import { type DeletionFacts, type Desired, makePlan, type Verdict } from "#core/plan/make-plan.ts";
import type { Plan } from "#core/plan/plan.ts";
import { fieldSetOf } from "#core/resource/field-set-of.ts";
import { gvkOf, type IdKey, idText, keyOf, parseIdKey } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { jqFinder } from "#adapters/upstream/jq-paths.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { PlanFiles } from "#cli/eval.ts";
import { AppRegistry } from "#engine/app-registry.ts";
import { desiredSetOf } from "#engine/desired-set.ts";
import { FieldQueries } from "#engine/field-queries.ts";
import { ignoredBetween } from "#engine/ignored-fields.ts";
import { entriesOf } from "#engine/inventory-store.ts";
import { markPaths } from "./cli-mark-paths.ts";
import { readObjects, withHelpers } from "./cli-files.ts";
import { vendorSettings } from "./cli-session.ts";

/** Plans a sync from files. Refused objects stand beside the plan, as they would stop a sync. */
export async function evalPlan(input: PlanFiles, dialect: Dialect, signal: AbortSignal): Promise<unknown> {
  const names = [input.desired, input.live, input.inventory, ...(input.app === undefined ? [] : [input.app])];
  const [desired = none, live = none, owned = none, apps = none] = await readObjects(names, signal);
  const app = appIn(input, dialect, { apps: apps.objects, live: live.objects, inventory: owned.objects });
  const scopeOf = scopesFrom(builtInScopes, [...desired.objects, ...live.objects]);
  const set = desiredSetOf(
    {
      registry: new AppRegistry(vendorSettings, { onApp() {}, onSource() {}, onUnused() {}, onDependents() {} }),
      settings: vendorSettings,
    },
    { app, dialect, rendered: { resources: desired.objects, readSet: [], renderer: "directory" }, scopeOf },
  );
  const liveByKey = new Map(live.objects.map((object) => [keyOf(object), object]));
  const verdicts = await verdictsOf({ objects: set.objects, lives: liveByKey }, { dialect, app }, signal);
  const plan = makePlan({
    app,
    rules: dialect.rules,
    revision: "",
    renderDigest: set.digest,
    cause: app.deleting ? "app-deleted" : "left-source",
    desired: set.objects,
    verdicts,
    inventory: inventoryOf(owned.objects),
    factsOf: (key) => factsOf(key, liveByKey, { dialect, app }),
    prune: app.policy.prune,
    approval: input.approve ?? null,
  });
  const refusals = set.prepared.refusals.map(({ resource, message }) => ({ key: keyOf(resource), message }));
  const duplicates =
    dialect.rules.duplicates === "refuse" ? set.duplicates.map((message) => ({ key: null, message })) : [];
  return { ...shownPlan(plan), refusals: [...refusals, ...duplicates] };
}

const none: { readonly objects: readonly Resource[] } = { objects: [] };

/** The objects themselves are left out: they stand in the files, and some are secret. */
function shownPlan(plan: Plan): object {
  const stages = plan.stages.map(({ key, gate, changes }) => ({
    key,
    gate,
    changes: changes.map((change) => ({
      key: change.key,
      action: change.action,
      reason: change.reason,
      paths: change.paths,
      certificate: change.certificate,
    })),
  }));
  return { app: plan.app, stages, held: plan.held, digest: plan.digest };
}

/** The given app, or an automatic and pruning one with the name that the other files show. */
export function appIn(
  input: { readonly app?: string },
  dialect: Dialect,
  files: { apps: readonly Resource[]; live: readonly Resource[]; inventory: readonly Resource[] },
): App {
  const kinds = dialect.appKinds.map((kind) => kind.kind);
  const given = files.apps.find((object) => kinds.includes(object.kind));
  if (input.app !== undefined && !given) {
    throw new CliError(`Cannot use ${input.app} as --app: it holds no ${kinds.join(" or ")}`, {
      exitCode: exitCode.usage,
    });
  }
  const parsed = dialect.parseApp(given ?? standIn(dialect, ownerKey(dialect, files)), () => null, vendorSettings);
  if (parsed.ok) return parsed.value;
  const problems = parsed.error.map(({ path, message }) => `${path}: ${message}`).join("; ");
  throw new CliError(`Cannot use ${input.app}: ${problems}`);
}

function ownerKey(dialect: Dialect, files: { live: readonly Resource[]; inventory: readonly Resource[] }): string {
  const recorded = files.inventory.find(isInventory)?.["app"];
  if (typeof recorded === "string") return recorded;
  const marked = [...files.inventory, ...files.live].map((object) => dialect.rules.ownerOf(object));
  return marked.find((key) => key !== null) ?? "";
}

function standIn(dialect: Dialect, key: string): Resource {
  const [, namespace = "default", name = "app"] = key === "" ? [] : key.split("/");
  const metadata = { name, namespace };
  if (dialect.name === "flux") {
    const sourceRef = { kind: "GitRepository", name };
    const spec = { interval: "10m", prune: true, sourceRef };
    return { apiVersion: "kustomize.toolkit.fluxcd.io/v1", kind: "Kustomization", metadata, spec };
  }
  const spec = {
    source: { repoURL: "https://example.invalid/repo.git", path: "." },
    destination: { name: "in-cluster", namespace: "default" },
    syncPolicy: { automated: { prune: true, selfHeal: true } },
  };
  const finalizers = ["resources-finalizer.argocd.argoproj.io"];
  const home = key === "" ? vendorSettings.controlNamespace : namespace;
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { ...metadata, namespace: home, finalizers },
    spec,
  };
}

function inventoryOf(objects: readonly Resource[]): Inventory {
  const entries = objects.flatMap((object): readonly InventoryEntry[] => {
    if (isInventory(object)) return entriesOf(object);
    const { uid = "" } = object.metadata;
    return [{ key: keyOf(object), version: gvkOf(object).version, uid, input: "", baseline: "" }];
  });
  return new Map(entries.map((entry) => [entry.key, entry]));
}

function isInventory(object: Resource): boolean {
  return (
    object.kind === "Inventory" && object.apiVersion.startsWith("holdfast.dev/") && Array.isArray(object["entries"])
  );
}

interface Judging {
  readonly dialect: Dialect;
  readonly app: App;
}

async function verdictsOf(
  { objects, lives }: { readonly objects: readonly Desired[]; readonly lives: ReadonlyMap<IdKey, Resource> },
  by: Judging,
  signal: AbortSignal,
): Promise<ReadonlyMap<IdKey, Verdict>> {
  return withHelpers(async (pools) => {
    const queries = new FieldQueries(jqFinder(pools));
    const verdicts = new Map<IdKey, Verdict>();
    for (const desired of objects) {
      const live = lives.get(desired.key);
      const options = live && by.dialect.rules.optionsOf(desired.resource, live, by.app);
      const ignored =
        live && options ? await ignoredBetween(queries, { desired: desired.resource, live, options }, signal) : [];
      verdicts.set(
        desired.key,
        live && options ? verdictOf({ desired, live, options, ignored }, by) : { kind: "missing" },
      );
    }
    return verdicts;
  });
}

/** Compares by the recorded ownership; without one, as in files that people write, values alone count. */
function verdictOf(
  pair: { desired: Desired; live: Resource; options: ObjectOptions; ignored: Ignored },
  by: Judging,
): Verdict {
  const { desired, live, options, ignored } = pair;
  const { manager, takeOver } = by.dialect.rules;
  if (options.apply === "ignore" || options.apply === "if-absent") return { kind: "same" };
  const comparison = { live, desired: desired.resource, manager, takeOver, ignoredPaths: ignored };
  if (fieldSetOf(live, manager) === null) {
    const fields = ignoredFieldsOf(ignored);
    const ignoredPaths = { live: [...fields.live, ...markPaths], desired: [...fields.desired, ...markPaths] };
    const paths = humanDiff({ ...comparison, ignoredPaths }).map((change) => change.path);
    if (paths.length === 0) return { kind: "same" };
    return { kind: "different", paths, reason: "differs from its declaration", drift: false, by: [] };
  }
  const drift = driftOf({ ...comparison, baseline: null });
  if (drift.kind === "same") return { kind: "same" };
  if (drift.kind === "undecided") return { kind: "unknown", reason: drift.reason };
  return { kind: "different", paths: drift.paths, reason: "differs from its declaration", drift: false, by: drift.by };
}

function factsOf(key: IdKey, live: ReadonlyMap<IdKey, Resource>, by: Judging): DeletionFacts {
  const object = live.get(key) ?? null;
  const options = object ? by.dialect.rules.optionsOf(object, object, by.app) : null;
  return {
    uid: object?.metadata.uid ?? null,
    mayPrune: (by.app.deleting ? options?.deleteWithApp : options?.prune) ?? true,
    claimedBy: null,
    unread: null,
    cascade: object ? cascadeOf(object, live, by) : null,
    terminating: object?.metadata.deletionTimestamp !== undefined,
  };
}

function cascadeOf(object: Resource, live: ReadonlyMap<IdKey, Resource>, { dialect, app }: Judging): string | null {
  if (object.kind === "CustomResourceDefinition") {
    const spec = object["spec"] as { group?: string; names?: { kind?: string } } | undefined;
    const ids = [...live.keys()].map(parseIdKey);
    const count = ids.filter((id) => id.group === spec?.group && id.kind === spec?.names?.kind).length;
    return count === 0 ? null : `${count} ${spec?.names?.kind ?? ""} objects would be deleted with it`;
  }
  if (object.kind !== "Namespace" || object.apiVersion !== "v1") return null;
  const inside = [...live.values()].filter((one) => one.metadata.namespace === object.metadata.name);
  const foreign = inside.find((one) => dialect.rules.ownerOf(one) !== app.key);
  return foreign ? `it holds ${idText(parseIdKey(keyOf(foreign)))}, which is not of this app` : null;
}
