import { applicationRows } from "./argocd-application-rows.ts";
import { compareRows } from "./argocd-compare-rows.ts";
import { projectRows, settingsRows } from "./argocd-project-rows.ts";
import { clusterRows, fetchingRows, repositoryRows } from "./argocd-repository-rows.ts";
import { setRows } from "./argocd-set-rows.ts";
import { sourceKindRows } from "./argocd-source-rows.ts";
import { syncRows } from "./argocd-sync-rows.ts";
import { missing, partly, type Row, served } from "./row.ts";

const cli = "test/cli.test.ts";
const operation = "test/argocd/cli-operation.test.ts";
const projects = "test/argocd/projects.test.ts";
const sets = "test/argocd/app-set-cli.test.ts";
const several = "test/argocd/several-sources.test.ts";
const metrics = "src/adapters/observe/argocd-metrics.test.ts";
const setMetrics = "src/adapters/observe/argocd-set-metrics.test.ts";
const takeover = "test/argocd/takeover.test.ts";

const CLI = "CLI";
const METRICS = "Metrics";
const TAKEOVER = "Takeover";
const PLATFORM = "Platform";

const cliRows: readonly Row[] = [
  served(
    CLI,
    "`app create`, `app list`, `app get`: `holdfast create app`, `get`",
    `${cli}: an Application: create, order a sync, pause, suspend, adopt and release`,
  ),
  served(
    CLI,
    "`app diff`, `app manifests`: `holdfast diff`, `render`",
    `${several}: render and compare an app as the controller does`,
    `${several}: render a chart of a folder`,
  ),
  served(
    CLI,
    "`app sync` with its options: `holdfast sync`, `wait`",
    `${operation}: sync orders what its options say: a dry run, some objects, another revision`,
  ),
  served(CLI, "`app terminate-op`: `holdfast terminate`", `${operation}: terminate ends a sync with its running hook`),
  served(
    CLI,
    "`app history`, `app rollback`: `holdfast history`, `rollback --id`",
    `${operation}: rollback --id syncs an entry of the history again, and is refused while auto-sync would undo it`,
  ),
  served(
    CLI,
    "`app actions list`, `run`: `holdfast actions`",
    "test/argocd/health.test.ts: actions are listed and done by their kind's rules and by scripts, within the project",
  ),
  served(
    CLI,
    "`app confirm-deletion`: the annotation `deletion-approved`, as conditions say",
    "test/argocd/sync-options.test.ts: Delete=confirm keeps a deleted application and its objects until a person has confirmed it",
  ),
  served(
    CLI,
    "`appset generate`, `list`, `get`: `holdfast appset`, `get appsets`",
    `${sets}: appset generate prints what a set makes, from files alone`,
    `${sets}: a set is seen, previewed and approved`,
  ),
  served(
    CLI,
    "`proj list`, `repo list`, `cluster list`: `holdfast get projects`, `repos`, `clusters`",
    `${projects}: list projects, clusters and repositories without what they are opened with`,
  ),
  served(
    CLI,
    "`proj windows list`: `holdfast windows`, and `eval windows` offline",
    `${projects}: tell the windows of an application, and which one it waits for`,
    `${projects}: judge the windows of a project offline`,
  ),
  served(
    CLI,
    "what a project permits: `holdfast project can`",
    `${projects}: tell what a project permits, and by which rule`,
  ),
  served(
    CLI,
    "`admin settings resource-overrides`: `holdfast eval health`, `actions`, `diff`",
    "src/main/cli-eval-health.test.ts: objects are judged by the scripts of the settings",
    "src/main/cli-eval-actions.test.ts: lists what may be done to an object, by the settings and by its kind",
    "src/main/cli-eval-diff.test.ts: eval diff compares by the rules of an application and of its installation",
  ),
  served(
    CLI,
    "`admin export`: `holdfast export`, one app at a time",
    "test/cli-export.test.ts: export prints an app and its source as somebody would have written them",
  ),
  missing(
    CLI,
    "the `argocd` program itself",
    "most of its commands talk to Argo CD's API server; `kubectl` changes the same objects",
  ),
  missing(
    CLI,
    "`login`, `context`, `account`, `cert`, `gpg`, `repo add`, `cluster add`",
    "a kubeconfig, and Secrets and ConfigMaps as Argo CD has them, take their place",
  ),
  missing(CLI, "`app logs`, `app set`, `app unset`, `app patch`, `app add-source`", "use `kubectl`"),
];

const metricRows: readonly Row[] = [
  served(
    METRICS,
    "`argocd_app_info`, `argocd_app_condition`",
    `${metrics}: an Application is told with its source, destination and state, and without credentials`,
  ),
  served(
    METRICS,
    "`argocd_app_sync_total`",
    `${metrics}: syncs are counted by how they ended, and leave with their Application`,
  ),
  served(METRICS, "`argocd_app_reconcile`", `${metrics}: passes over an Application are timed by destination`),
  served(
    METRICS,
    "`argocd_appset_info`, `argocd_appset_owned_applications`, `argocd_appset_reconcile`, `argocd_appset_labels` (`--metrics-applicationset-labels`)",
    `${setMetrics}: an ApplicationSet is told with whether it is up to date, and how many Applications it has`,
    `${setMetrics}: chosen labels of ApplicationSets are told`,
    `${setMetrics}: passes over an ApplicationSet are timed until it goes, and none over an Application`,
  ),
  missing(
    METRICS,
    "`argocd_cluster_*`, `argocd_kubectl_*`, `argocd_git_request_*`, `argocd_repo_*`, `argocd_redis_*`, `argocd_appset_progressive_*`",
    "there are [our own](../spec/observability.md#metrics-and-health) of requests, queue and renders",
  ),
];

const takeoverRows: readonly Row[] = [
  served(
    TAKEOVER,
    "beside a running Argo CD nothing is written",
    `${takeover}: is compared beside an Argo CD that runs, and nothing of it is written`,
  ),
  served(
    TAKEOVER,
    "adopting without a rollout, and giving back in sync",
    `${takeover}: is adopted without a rollout and given back in sync, whatever commits changed meanwhile`,
    `${takeover}: is adopted once more, with what Argo CD added and a commit removed since`,
  ),
  partly(
    served(
      TAKEOVER,
      "adopting single ApplicationSets",
      `${takeover}: an adopted ApplicationSet is served beside an Argo CD that runs, and is given back with its policy`,
      "src/dialects/argocd/app-set/set-adoption.test.ts: where somebody turns the switch back the set is Argo CD's again",
    ),
    "not those with a rolling sync, and not where `applicationsetcontroller.policy` is set",
  ),
  served(
    TAKEOVER,
    "the runbook",
    "test/argocd/takeover-runbook.test.ts: every command of the runbook does what the page says, there and back",
  ),
  served(
    TAKEOVER,
    "what Argo CD left in a status is gone on from",
    "src/dialects/argocd/report-captured.test.ts: reads what the vendor's controller left, and reporting it changes nothing of the operation",
  ),
];

const platformRows: readonly Row[] = [
  partly(
    served(
      PLATFORM,
      "several controllers: by label, each with a lease (`--watch-label-selector`)",
      "test/flux/tenants.test.ts: serves the apps of its shard, from the moment they belong to it until they leave",
      `${cli}: controller serves health while another one leads, and ends with 0 when told`,
    ),
    "in place of sharding by cluster; the same code for all kinds",
  ),
  missing(PLATFORM, "Argo CD's HTTP and gRPC API, badges", "there is no API server"),
  missing(PLATFORM, "web interface", "`holdfast get`, `tree`, `why` and `diff` show the state"),
  missing(PLATFORM, "single sign-on, local accounts", "there is nothing to log in to"),
  missing(PLATFORM, "RBAC (`argocd-rbac-cm`)", "commands act with the rights of the person who calls them"),
  missing(PLATFORM, "notifications", "there are Kubernetes Events and metrics"),
];

/** What Argo CD's users rely on, part by part. */
export const argocdRows: readonly Row[] = [
  ...applicationRows,
  ...sourceKindRows,
  ...fetchingRows,
  ...syncRows,
  ...compareRows,
  ...projectRows,
  ...clusterRows,
  ...repositoryRows,
  ...settingsRows,
  ...setRows,
  ...cliRows,
  ...metricRows,
  ...takeoverRows,
  ...platformRows,
];
