import { missing, partly, type Row, served } from "./row.ts";

const dialect = "src/dialects/argocd";
const actions = `${dialect}/actions/argo-actions.test.ts`;
const builtIn = `${dialect}/actions/built-in-actions.test.ts`;
const health = "test/argocd/health.test.ts";
const options = "test/argocd/options.test.ts";
const report = `${dialect}/report-app.test.ts`;
const rules = `${dialect}/rules.test.ts`;
const scripts = `${dialect}/settings-scripts.test.ts`;
const settings = "test/argocd/settings.test.ts";
const tracking = `${dialect}/tracking.test.ts`;

const COMPARING = "Comparing";
const HEALTH = "Health";
const ACTIONS = "Actions";

const comparingRows: readonly Row[] = [
  served(
    COMPARING,
    "`application.resourceTrackingMethod`: `annotation`, `annotation+label`, `label`",
    `${settings}: the tracking method counts from the moment it is chosen, and no object is made again for it`,
    `${tracking}: by annotation and label believes the annotation alone, and cuts a long label`,
    `${tracking}: by label writes the app's name and no annotation`,
  ),
  served(
    COMPARING,
    "annotation `tracking-id`, copies of objects",
    "test/argocd/objects.test.ts: tracking id, label and field manager",
    `${rules}: do not believe an id that was copied from another object`,
  ),
  served(
    COMPARING,
    "`application.instanceLabelKey`, `installationID`",
    `${tracking}: tells installations apart by their id`,
    `${tracking}: does not take a label that charts write for a mark`,
  ),
  served(
    COMPARING,
    "objects with owner references are not pruned",
    `${tracking}: never deletes an object that another object owns, nor compares it`,
  ),
  served(
    COMPARING,
    "`ignoreDifferences`: `jsonPointers`, by group, kind, name and namespace",
    `${options}: a field that does not matter is neither told nor healed, every other one is`,
    `${rules}: ignored paths follow group, kind, name and namespace`,
    `${options}: a pointer that is none is refused by its field`,
  ),
  served(
    COMPARING,
    "`ignoreDifferences`: `jqPathExpressions`, `managedFieldsManagers`",
    `${settings}: jq expressions and managers say what is left to others, also where the object is written`,
    `${settings}: an expression that is none stops its app alone, which says so`,
  ),
  served(
    COMPARING,
    "`resource.customizations.ignoreDifferences.*`, `resource.customizations`",
    `${settings}: what the installation ignores counts in every app, until it does not any more`,
    `${dialect}/settings-compare.test.ts: what is ignored everywhere may stand in a key of its kind or in the older map`,
  ),
  served(
    COMPARING,
    "`resource.compareoptions`: `ignoreAggregatedRoles`",
    `${rules}: rules of aggregated roles are ignored where the installation says so`,
  ),
  served(
    COMPARING,
    "`resource.exclusions`, `resource.inclusions`",
    `${settings}: excluded kinds are left alone, are told, and count again once they are not excluded`,
    `${dialect}/settings-exclusions.test.ts: matches group, kind and cluster by globs; what is left out means all`,
  ),
  served(
    COMPARING,
    "`compare-options: IgnoreExtraneous`",
    `${rules}: IgnoreExtraneous counts while the object is declared only`,
  ),
  partly(
    served(
      COMPARING,
      "`compare-options: ServerSideDiff`, `IncludeMutationWebhook`",
      `${options}: ServerSideApply and ApplyOutOfSyncOnly hold: only what differs is written, by server-side apply`,
    ),
    "neither is read: what server-side apply would change is what differs",
  ),
  partly(
    served(
      COMPARING,
      "quantities and defaults of the server are no differences",
      "src/core/resource/quantity.test.ts: sameQuantity() holds for",
      "test/drift-oracle.test.ts: without an edit",
    ),
    "so `knownTypeFields` is not needed",
  ),
  partly(
    served(
      COMPARING,
      "annotation `ignore-resource-updates`, `resource.customizations.ignoreResourceUpdates.*`",
      "test/argocd/orphans.test.ts: what others write again and again into statuses and annotations costs the API server nothing",
    ),
    "not needed and not read: an update costs a comparison in memory",
  ),
  served(
    COMPARING,
    "orphaned resources (`orphanedResources` of projects)",
    "test/argocd/orphans.test.ts: a project is told of what no application accounts for, and nothing is done to it",
  ),
  served(
    COMPARING,
    "values of Secrets are masked in differences",
    "src/core/diff/human-diff.test.ts: no form of a diff holds a value",
  ),
];

const healthRows: readonly Row[] = [
  partly(
    served(
      HEALTH,
      "built-in kinds",
      `${dialect}/health-table.test.ts: health of`,
      `${dialect}/health-table.test.ts: health rules never throw on arbitrary specs and statuses`,
    ),
    "a resumed Job that still runs is Progressing",
  ),
  partly(
    served(
      HEALTH,
      "kinds of operators that Argo CD has scripts for",
      `${dialect}/health/known-health.test.ts: a verdict says what the operator says`,
      `${dialect}/health/known-health.test.ts: a status of an older generation keeps an object from being healthy`,
    ),
    "over 350; not Astra, Trident, 3scale, Humio and Numaflow, which have no check",
  ),
  served(
    HEALTH,
    "scripts: `resource.customizations.health.*`",
    `${health}: a script of the installation says how objects do, and waves wait for it`,
    `${health}: a script that never ends makes its objects Unknown and nothing else`,
  ),
  partly(
    served(
      HEALTH,
      "patterns of kinds, and `useOpenLibs`",
      `${scripts}: are found by just their kind before any pattern`,
      `${scripts}: have libraries where a key for the same kind says so`,
      "src/adapters/upstream/lua-runner.test.ts: opens libraries for text and numbers when asked, and never those for files and programs",
    ),
    "no files, programs or environment, which Argo CD lets in",
  ),
  served(
    HEALTH,
    "the app's own health: the worst of its objects, `ignore-healthcheck`",
    `${report}: reportApp() judges the app as a whole`,
    "src/core/health/health.test.ts: is the most severe verdict, whatever the order",
  ),
  served(
    HEALTH,
    "Applications among the objects, by a script for them",
    `${health}: an Application waits for the Applications of its first wave`,
    `${health}: Applications that hold each other are healthy, say so, and can be deleted`,
  ),
  served(
    HEALTH,
    "annotation `ignore-restart-policy` of Pods",
    `${dialect}/health-table.test.ts: that its operator keeps running, as its annotation says`,
    `${dialect}/health-table.test.ts: that runs as a hook, whatever its annotation says`,
  ),
];

const actionRows: readonly Row[] = [
  partly(
    served(
      ACTIONS,
      "actions of kinds: Deployments, Rollouts, CronJobs, Workflows, certificates and more",
      `${health}: actions are listed and done by their kind's rules and by scripts, within the project`,
      `${builtIn}: a CronJob makes the Job that its schedule would make`,
      `${builtIn}: schedules and templates make Workflows that know them`,
    ),
    "[the list](../spec/actions.md); not those of Capsule, Numaflow, Numaplane and GitOps Promoter, nor promotion of Rollouts before 0.10",
  ),
  served(
    ACTIONS,
    "scripts: `resource.customizations.actions.*`, `mergeBuiltinActions`",
    `${actions}: does an action by its script, and otherwise as the kind does`,
    `${actions}: lists what the script says, in its place or before the kind's own`,
    `${actions}: takes a list for what is to be done with each object`,
  ),
  partly(
    served(
      ACTIONS,
      "parameters of actions (`actionParams`)",
      `${builtIn}: a database is handed to the next healthy instance, or to the one that is named`,
      "src/adapters/upstream/lua-runner.test.ts: hands over parameters",
    ),
    "a disabled action, and a patch of another object, are refused",
  ),
  missing(ACTIONS, "the tool that asked in the condition of `terminate` of a Job", "the condition names no tool"),
];

/** What differs, how objects do, and what is done to them. */
export const compareRows: readonly Row[] = [...comparingRows, ...healthRows, ...actionRows];
