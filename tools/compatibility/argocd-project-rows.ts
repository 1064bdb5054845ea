import { missing, partly, type Row, served } from "./row.ts";

const dialect = "src/dialects/argocd";
const judged = `${dialect}/project-rules.test.ts`;
const projects = "test/argocd/projects.test.ts";
const refusals = "test/argocd/refusals.test.ts";
const settings = `${dialect}/settings.test.ts`;
const windows = "src/core/policy/sync-windows.test.ts";

const PROJECTS = "Projects";
const SETTINGS = "Settings of an installation";

/** What projects allow. */
export const projectRows: readonly Row[] = [
  served(
    PROJECTS,
    "`sourceRepos`, `destinations`, with globs and `!`",
    `${refusals}: limits where manifests come from and where they go`,
    `${judged}: judgeSource()`,
    `${judged}: judgeDestination()`,
  ),
  served(
    PROJECTS,
    "`clusterResourceWhitelist`, `clusterResourceBlacklist`, `namespaceResourceWhitelist`, `namespaceResourceBlacklist`",
    `${refusals}: limits the kinds of objects, and then nothing is applied`,
    `${judged}: judgeKind()`,
    `${judged}: a denial of cluster kinds wins`,
  ),
  served(
    PROJECTS,
    "namespaces that manifests name themselves",
    `${refusals}: limits the namespaces that manifests name themselves`,
  ),
  served(
    PROJECTS,
    "finalizer `resources-finalizer.argocd.argoproj.io` of a project",
    `${refusals}: that is deleted is kept by its finalizer while an application uses it, and goes then`,
  ),
  served(
    PROJECTS,
    "a project that changes, also while an application is synced",
    `${refusals}: keeps what it forbids now from being healed, and what is there from being deleted`,
    `${refusals}: stops a sync before a wave that it forbids now, which goes on once it may`,
  ),
  served(
    PROJECTS,
    "every refusal names its rule",
    `${judged}: the rule of a verdict`,
    `${projects}: tell what a project permits, and by which rule`,
  ),
  served(
    PROJECTS,
    "`sourceNamespaces`",
    `${projects}: are served where the installation and their project name the namespace, and nowhere else`,
    `${dialect}/parse-app.test.ts: apps outside the control namespace need its consent`,
  ),
  served(
    PROJECTS,
    "`permitOnlyProjectScopedClusters`",
    "test/argocd/clusters.test.ts: is all that a project may use that wants its own alone",
  ),
  served(
    PROJECTS,
    "`destinationServiceAccounts` (`application.sync.impersonation.enabled`)",
    `${projects}: are whom applications act as, with their rights and no others, where the installation says so`,
    `${dialect}/impersonation.test.ts: nobody that fits, and a name that is none, are refused`,
  ),
  served(
    PROJECTS,
    "`syncWindows`: `kind`, `schedule`, `duration`, `timeZone`",
    `${projects}: an active denial keeps everything from being written, and says so, until it is gone`,
    `${windows}: a schedule goes by the clocks of its zone, in summer and winter`,
    `${projects}: that are malformed stop the project's applications by their place, and no others`,
  ),
  served(
    PROJECTS,
    "`syncWindows`: `applications`, `namespaces`, `clusters`, `andOperator`",
    `${dialect}/sync-windows.test.ts: a window with %o is about the application: %s`,
  ),
  served(
    PROJECTS,
    "`syncWindows`: `manualSync`, `syncOverrun`",
    `${projects}: a person's order goes through where the blocking windows let people sync`,
    `${windows}: a sync that began when it was allowed may end where every blocking window lets it`,
  ),
  partly(
    served(
      PROJECTS,
      "`signatureKeys`, `sourceIntegrity`, `argocd-gpg-keys-cm`",
      `${projects}: only commits that a key of the project signed are used, of the keys that the installation knows`,
      `${dialect}/source-integrity.test.ts: several policies for one repository are refused`,
    ),
    "mode `strict` is refused: only the commit that is used is looked at",
  ),
  missing(PROJECTS, "`roles`, their tokens", "kept; they concern Argo CD's API alone"),
  partly(
    served(
      PROJECTS,
      "global projects (`globalProjects`)",
      "test/argocd/projects.test.ts: global projects limit the projects that they select, as soon as they are there",
      `${dialect}/global-limits.test.ts: add their limits to the projects that they select, and to no others`,
    ),
    "every entry counts, also behind one that selects nothing",
  ),
];

/** How the ConfigMaps of an installation are read; their keys are listed below. */
export const settingsRows: readonly Row[] = [
  served(
    SETTINGS,
    "`argocd-cm` and `argocd-cmd-params-cm`, which count as soon as they change",
    "test/argocd/settings.test.ts: what the installation ignores counts in every app, until it does not any more",
    `${settings}: goes back to the usual value when a key is taken out or emptied`,
  ),
  served(
    SETTINGS,
    "limits that were never readable stop all writes and deletions, by condition `UnknownError`",
    "test/argocd/settings.test.ts: what nobody can read yet of what is excluded stops writes and deletions, by its key, until it can",
    `${dialect}/setting-limits.test.ts: stop every application by their key, which is no fault of its spec`,
  ),
  served(
    SETTINGS,
    "a value that cannot be used counts as what was before, and is named",
    `${settings}: keeps what counted before when a value cannot be used, and names its key`,
    `${settings}: survives values that are built to explode`,
  ),
  served(
    SETTINGS,
    "`argocd-tls-certs-cm`, `argocd-ssh-known-hosts-cm`, `argocd-gpg-keys-cm`",
    `${dialect}/repository-access.test.ts: certificates are those of the client and of the host's authorities`,
    `${dialect}/source-integrity.test.ts: of the installation's keys only the wanted ones count, by long and short names`,
  ),
];
