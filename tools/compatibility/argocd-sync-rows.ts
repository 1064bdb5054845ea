import { partly, type Row, served } from "./row.ts";

const dialect = "src/dialects/argocd";
const automation = "test/argocd/automation.test.ts";
const hooks = "test/argocd/hooks.test.ts";
const objects = "test/argocd/objects.test.ts";
const operation = "test/argocd/operation.test.ts";
const options = "test/argocd/options.test.ts";
const perObject = `${dialect}/sync-options.test.ts`;
const rules = `${dialect}/rules.test.ts`;
const several = "test/argocd/several-sources.test.ts";
const syncOptions = "test/argocd/sync-options.test.ts";

const POLICY = "Sync policy";
const OPTIONS = "Sync options";
const HOOKS = "Hooks and waves";
const OPERATIONS = "Operations";

const policyRows: readonly Row[] = [
  served(POLICY, "`automated`, `automated.enabled`", `${automation}: nothing is synced by itself`),
  served(
    POLICY,
    "`automated.prune`",
    `${automation}: without prune an object that left stays, and the app is OutOfSync until prune is on`,
  ),
  served(
    POLICY,
    "`automated.selfHeal`",
    `${automation}: without selfHeal an edit is told and left, also by a refresh, until selfHeal is on`,
    `${automation}: healing is a partial sync that history leaves out`,
  ),
  served(
    POLICY,
    "waits between healings (`controller.self.heal.*`)",
    `${dialect}/settings-sync.test.ts: parseSync() waits the same each time with a timeout alone, and longer each time with a backoff`,
  ),
  partly(
    served(POLICY, "`automated.allowEmpty`", `${automation}: an app becomes empty only where allowEmpty says so`),
    "deletions have a budget besides",
  ),
  served(
    POLICY,
    "`retry.limit`, `retry.backoff`",
    `${automation}: is tried again as often as the spec says, and says so`,
    `${automation}: succeeds once the cause is gone`,
  ),
  partly(
    served(
      POLICY,
      "`retry.refresh`",
      `${automation}: holds on to its commit where retries are not to refresh, and then takes the newest`,
      `${automation}: is tried again with the newest commit where the order says so`,
      `${objects}: wait until everything of the last one is healthy; a newer commit ends the wait`,
    ),
    "where an automatic sync leaves it out, a newer commit counts at once",
  ),
  served(
    POLICY,
    "a revision that failed is not tried again, a new one is",
    `${automation}: is not tried again without retries, but a new commit is`,
  ),
  served(
    POLICY,
    "`managedNamespaceMetadata`",
    `${syncOptions}: managedNamespaceMetadata is kept on the namespace that the application creates, and nothing else of it`,
  ),
  served(
    POLICY,
    "a limit for each sync (`controller.sync.timeout.seconds`, annotation `holdfast.dev/sync-timeout`)",
    `${hooks}: that never end are ended by the limit that the app sets for its syncs`,
    `${dialect}/settings-sync.test.ts: parseSync() keeps what was before where a value cannot be used, and tells`,
  ),
];

const optionRows: readonly Row[] = [
  served(
    OPTIONS,
    "on the app, or on one object by `sync-options`: the object wins",
    `${rules}: optionsOf() lets the object's own annotation win over the app's option`,
    `${rules}: what the live object forbids stays forbidden`,
  ),
  served(
    OPTIONS,
    "`CreateNamespace`",
    `${options}: CreateNamespace makes the namespace, which nobody prunes`,
    `${options}: without CreateNamespace the sync fails and names the namespace`,
  ),
  served(
    OPTIONS,
    "`Prune=false`",
    `${options}: Prune=false, on the object or on the app, keeps what left, and the app is OutOfSync`,
  ),
  partly(
    served(
      OPTIONS,
      "`Prune=confirm`, `deletion-approved`",
      `${syncOptions}: Prune=confirm keeps what left the source until a person has confirmed it, and says how`,
    ),
    "the deletion waits, the sync ends",
  ),
  served(
    OPTIONS,
    "`Delete=false`, `helm.sh/resource-policy: keep`",
    `${options}: Delete=false and Helm's keep outlive the app, the rest goes`,
  ),
  served(
    OPTIONS,
    "`Delete=confirm`",
    `${syncOptions}: Delete=confirm keeps a deleted application and its objects until a person has confirmed it`,
  ),
  partly(
    served(OPTIONS, "`PruneLast`", `${options}: PruneLast deletes after everything else was written`),
    "always so",
  ),
  served(
    OPTIONS,
    "`PrunePropagationPolicy`",
    `${dialect}/parse-app.test.ts: parseApp() asks for deletions as PrunePropagationPolicy says, and the app's own finalizer when the app goes`,
  ),
  served(
    OPTIONS,
    "`Validate=false`",
    `${perObject}: no validation`,
    `${syncOptions}: SkipDryRunOnMissingResource lets a kind pass that nobody serves yet, and Validate=false what no schema knows`,
  ),
  served(
    OPTIONS,
    "`SkipDryRunOnMissingResource`",
    `${syncOptions}: SkipDryRunOnMissingResource lets a kind pass that nobody serves yet, and Validate=false what no schema knows`,
  ),
  partly(
    served(
      OPTIONS,
      "`ApplyOutOfSyncOnly`, `ServerSideApply`",
      `${options}: ServerSideApply and ApplyOutOfSyncOnly hold: only what differs is written, by server-side apply`,
    ),
    "always so",
  ),
  partly(
    served(
      OPTIONS,
      "`ServerSideApply=false`",
      "test/argocd/options.test.ts: ServerSideApply and ApplyOutOfSyncOnly hold: only what differs is written, by server-side apply",
      "src/dialects/argocd/prepare.test.ts: prepare() warns of options without effect",
    ),
    "objects are applied by the server all the same, as a condition says",
  ),
  served(
    OPTIONS,
    "`Replace`, `Force`",
    `${options}: Replace takes away what others added, apply leaves it`,
    `${options}: an immutable field fails by name; Force and Replace recreate the object`,
  ),
  served(
    OPTIONS,
    "`ClientSideApplyMigration`, `client-side-apply-migration-manager`",
    `${objects}: fields of client-side apply move to the controller, so that what left Git leaves the cluster`,
    `${perObject}: no migration`,
    `${perObject}: another writer to migrate from`,
  ),
  served(
    OPTIONS,
    "`FailOnSharedResource`",
    `${syncOptions}: FailOnSharedResource=true applies nothing while another application declares an object too`,
  ),
  served(
    OPTIONS,
    "`RespectIgnoreDifferences`",
    `${options}: it is written with the object, unless RespectIgnoreDifferences leaves it`,
  ),
  served(
    OPTIONS,
    "anything else: a condition tells that it has no effect",
    `${options}: one that has no effect is told`,
  ),
];

const hookRows: readonly Row[] = [
  served(
    HOOKS,
    "`sync-wave`",
    `${objects}: run in order, kinds in order within one, and deletion goes the other way round`,
    `${objects}: wait until everything of the last one is healthy; a newer commit ends the wait`,
  ),
  served(
    HOOKS,
    "the last wave is not waited for",
    `${objects}: the last one is not waited for: the sync succeeds and health tells the rest`,
  ),
  served(
    HOOKS,
    "order of kinds, namespaces and definitions before what needs them",
    `${rules}: rankOf() follows the vendor's kind order, unknown kinds last`,
    `${rules}: moves a namespace before the first object in it`,
    `${rules}: moves a definition before its first instance and waits until it is served`,
  ),
  served(
    HOOKS,
    "deletions from the highest wave down",
    `${syncOptions}: deletions go from the highest wave to the lowest, each when the one before is gone`,
  ),
  served(
    HOOKS,
    "`PreSync`, `Sync`, `PostSync`",
    `${hooks}: run around a sync, once, and are told of in its result`,
    `${hooks}: hold back what comes after them, and say so`,
  ),
  served(HOOKS, "`SyncFail`", `${hooks}: that fail fail the sync, and then those run that are for this`),
  served(
    HOOKS,
    "`PreDelete`, `PostDelete`",
    `${hooks}: run before and after the objects of a deleted app go, the highest wave of which goes first`,
  ),
  served(HOOKS, "`Skip`", "test/argocd/refusals.test.ts: Skip is no hook: the object is left out"),
  served(
    HOOKS,
    "`hook-delete-policy`",
    `${hooks}: run around a sync, once, and are told of in its result`,
    `${hooks}: that fail fail the sync, and then those run that are for this`,
    `${dialect}/hook.test.ts: hookRole()`,
  ),
  served(
    HOOKS,
    "`generateName` and `hook-finalizer`",
    `${dialect}/hook.test.ts: a run is marked, kept by the finalizer, and named after commit, moment and time where it has no name`,
  ),
  served(
    HOOKS,
    "Helm's hooks and `hook-weight`; tests are left alone",
    `${hooks}: of Helm run as their counterparts, by weight, and its tests not at all`,
    `${dialect}/hook.test.ts: Helm's weight is the wave where there is no other`,
  ),
  served(
    HOOKS,
    "no hooks in selective syncs, nor with the `apply` strategy",
    `${hooks}: do not run for some objects only, nor with the apply strategy`,
  ),
  served(
    HOOKS,
    "each hook once, also when the controller is killed",
    "test/argocd/fleet.test.ts: gets ready although the controller is killed in the middle of a wave and of a hook",
  ),
  served(
    HOOKS,
    "an unknown hook refuses the sync",
    `${hooks}: with a moment that does not exist are refused by name, and nothing is applied`,
  ),
];

const operationRows: readonly Row[] = [
  served(
    OPERATIONS,
    "`operation.sync`, with `initiatedBy`",
    `${operation}: syncs an app that does not sync by itself, and is recorded with who gave it`,
    `${operation}: that is given again is done again`,
  ),
  served(
    OPERATIONS,
    "`revision`",
    `${operation}: may name another revision, and then the app is OutOfSync with what it tracks`,
    `${operation}: for a revision that does not exist ends in an error that names it`,
  ),
  served(
    OPERATIONS,
    "`revisions`, `source`, `sources`",
    `${several}: may name a revision of each source`,
    `${several}: may name another source once`,
    `${several}: for another source is refused where syncs are automatic`,
  ),
  served(
    OPERATIONS,
    "`resources`",
    `${operation}: may name some objects: the others wait, and history leaves it out`,
    `${operation}: may name an object without its namespace, wherever that is`,
    `${dialect}/parse-app.test.ts: for chosen objects, with and without the namespace`,
  ),
  served(OPERATIONS, "`prune`", `${operation}: deletes only when it asks for it`),
  served(OPERATIONS, "`dryRun`", `${operation}: may be a dry run, which writes nothing`),
  served(OPERATIONS, "`syncOptions`", `${syncOptions}: an operation brings options of its own`),
  served(
    OPERATIONS,
    "`syncStrategy.apply`, `syncStrategy.hook`",
    `${hooks}: do not run for some objects only, nor with the apply strategy`,
  ),
  served(OPERATIONS, "`retry`", `${operation}: that fails ends as failed, and its own retry is followed`),
  served(
    OPERATIONS,
    "`manifests`, `app sync --local`: `holdfast sync --local`",
    `${operation}: may bring its objects, and then the app is OutOfSync with what it tracks`,
    `${operation}: that brings objects is refused where syncs are automatic, unless it is a dry run`,
    "test/argocd/cli-operation.test.ts: sync --local applies a directory here in place of the repository",
    `${dialect}/given-manifests.test.ts: names the entry that is bad, and nothing of what it says`,
  ),
  served(
    OPERATIONS,
    "ending a running operation",
    "test/argocd/termination.test.ts: while it waits does nothing more, and is not begun again by itself",
    "test/argocd/termination.test.ts: between two attempts is not tried again",
    `${hooks}: are deleted while they run when a person ends the sync`,
  ),
  served(
    OPERATIONS,
    "`history` and rollback to one of its entries",
    `${objects}: keeps as much history as the spec says, the newest last`,
    "test/argocd/cli-operation.test.ts: rollback --id syncs an entry of the history again, and is refused while auto-sync would undo it",
  ),
  partly(
    served(
      OPERATIONS,
      "rollback while the repository cannot be reached",
      "test/argocd/cli-operation.test.ts: rollback --id works while Git is away, from what was fetched or else from the render that was kept",
    ),
    "from what was fetched, or from [renders that are kept](../spec/history.md#renders); addition",
  ),
  partly(
    served(
      OPERATIONS,
      "going back by itself from a commit that is not healthy in time (annotation `holdfast.dev/rollback-after`)",
      `${automation}: an app that asks for it goes back from a commit that is not healthy in time, until the next one`,
      `${dialect}/rollback.test.ts: reads how long a commit may take, and where that led`,
    ),
    "addition; [nothing is written to Git](../spec/sync.md#going-back-by-itself)",
  ),
  served(
    OPERATIONS,
    "going on with an operation after a restart",
    `${dialect}/report-captured.test.ts: reads what the vendor's controller left, and reporting it changes nothing of the operation`,
    "test/argocd/fleet.test.ts: gets ready although the controller is killed in the middle of a wave and of a hook",
    "test/argocd/termination.test.ts: a restart goes on counting attempts, and does not try again what was given up",
  ),
];

/** How an Application is synced. */
export const syncRows: readonly Row[] = [...policyRows, ...optionRows, ...hookRows, ...operationRows];
