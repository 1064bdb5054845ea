import { missing, partly, type Row, served } from "./row.ts";

const dialect = "src/dialects/argocd";
const objects = "test/argocd/objects.test.ts";
const refusals = "test/argocd/refusals.test.ts";
const several = "test/argocd/several-sources.test.ts";
const app = "Application";

/** The object itself: what it says besides its sources, and what its status tells. */
export const applicationRows: readonly Row[] = [
  served(
    app,
    "`apiVersion`, `kind` and every field of the schema",
    `${dialect}/crds.test.ts: the schema of Application accepts what the vendor wrote`,
    `${dialect}/crds.test.ts: the schema of Application keeps every field that the vendor wrote`,
  ),
  served(app, "`source`", `${dialect}/parse-app.test.ts: parseApp() reads what the vendor's users write`),
  served(
    app,
    "`sources`, in place of `source`",
    `${several}: are one whole: of what two declare the last one counts, and people are told`,
  ),
  served(
    app,
    "`destination`: `server`, `name`, `namespace`",
    `${refusals}: by the name of the cluster`,
    `${refusals}: once it is right the app goes on`,
    `${dialect}/prepare.test.ts: prepare() gives namespaced objects the destination's namespace and takes it from others`,
  ),
  partly(
    served(app, "`project`", `${refusals}: that does not exist is named, and the app begins when it comes`),
    "`default` needs no object",
  ),
  served(app, "`revisionHistoryLimit`", `${objects}: keeps as much history as the spec says, the newest last`),
  served(
    app,
    "`status`: `sync`, `health`, `resources`, `operationState`, `history`, `summary.images`, `sourceType`, `reconciledAt`, `controllerNamespace`",
    `${objects}: of a synced app is Argo CD's own, member by member`,
    `${dialect}/report-captured.test.ts: for a synced kustomization`,
  ),
  served(
    app,
    "`status.summary.externalURLs`: Ingresses, `link.argocd.argoproj.io/*`, `ignore-default-links`",
    `${dialect}/external-urls.test.ts: an app is found where its Ingresses serve it, and where annotations of it and of its objects say`,
    `${dialect}/external-urls.test.ts: an Ingress whose default links are ignored names none but its own`,
  ),
  served(
    app,
    "`status` of several sources: `revisions`, `sources`, `sourceTypes`",
    `${dialect}/report-sources.test.ts: names each of them where one source has one revision`,
  ),
  served(
    app,
    "condition `InvalidSpecError`",
    `${refusals}: is refused in the vendor's words`,
    `${dialect}/report-captured.test.ts: for a project that does not exist`,
  ),
  served(
    app,
    "condition `ComparisonError`",
    "test/argocd/sources.test.ts: a path that does not exist is told in the vendor's words",
    `${dialect}/report-captured.test.ts: for a path that does not exist`,
  ),
  served(
    app,
    "condition `SyncError`",
    "test/argocd/automation.test.ts: is tried again as often as the spec says, and says so",
  ),
  served(
    app,
    "condition `DeletionError`",
    "test/argocd/hooks.test.ts: that fail before a deletion hold it up, and it is said how to do without them",
  ),
  served(
    app,
    "conditions `SharedResourceWarning` and `RepeatedResourceWarning`",
    "test/argocd/sources.test.ts: an object that two apps declare is warned about on both and never pruned by one",
    "test/argocd/sources.test.ts: an object that is declared twice is warned about, and the last one wins",
  ),
  served(
    app,
    "conditions `ExcludedResourceWarning` and `OrphanedResourceWarning`",
    "test/argocd/settings.test.ts: excluded kinds are left alone, are told, and count again once they are not excluded",
    "test/argocd/orphans.test.ts: a project is told of what no application accounts for, and nothing is done to it",
  ),
  served(
    app,
    "Kubernetes Events of syncs and of what the status says",
    `${dialect}/report-app.test.ts: reportApp() tells the events of an automated sync`,
  ),
  partly(
    served(
      app,
      "finalizer `resources-finalizer.argocd.argoproj.io`, with `/foreground` or `/background`; none leaves the objects",
      `${objects}: deleting an app`,
      `${objects}: never deletes definitions, whose objects are kept and go as others do`,
      `${dialect}/parse-app.test.ts: parseApp() decides what deleting the app does by its finalizers`,
      "test/argocd/refusals.test.ts: an application that is refused",
    ),
    "definitions (CRDs) stay in the cluster",
  ),
  served(
    app,
    "finalizers `pre-delete-finalizer` and `post-delete-finalizer`, with `/cleanup`",
    "test/argocd/hooks.test.ts: run before and after the objects of a deleted app go, the highest wave of which goes first",
  ),
  served(
    app,
    "annotation `refresh: normal` or `hard`",
    `${dialect}/report-app.test.ts: reportApp() removes the refresh annotation once it was handled, and only then`,
    "test/argocd/sources.test.ts: that nothing matches is told, and found once it exists",
  ),
  served(
    app,
    "annotation `skip-reconcile`",
    "test/argocd/automation.test.ts: a skipped app is left alone until the annotation goes",
  ),
  partly(
    served(
      app,
      "annotation `manifest-generate-paths`",
      "src/engine/render-cache.test.ts: gives the very same value for a tree whose read files are the same",
    ),
    "not needed and not read: an app is rendered when a file that it reads changed",
  ),
  served(
    app,
    "Applications in any namespace: `application.namespaces` with `sourceNamespaces`",
    "test/argocd/projects.test.ts: are served where the installation and their project name the namespace, and nowhere else",
    `${dialect}/rules.test.ts: name the namespace of apps outside the control namespace`,
  ),
  served(
    app,
    "Applications that declare Applications (app of apps)",
    "test/argocd/health.test.ts: an Application waits for the Applications of its first wave",
  ),
  missing(app, "`sourceHydrator`, annotation `hydrate`", "refused by name; the annotation is not read"),
  missing(app, "`info`, `notice…`, `pref…`, `managed-by-url`", "kept, and shown by nothing: there is no web interface"),
];
