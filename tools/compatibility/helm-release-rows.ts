import type { Row } from "./row.ts";

const part = "HelmRelease";
const dialect = "src/dialects/flux/helm-release";
const captured = `${dialect}-captured.test.ts`;
const chart = `${dialect}-chart.test.ts`;
const marks = `${dialect}-marks.test.ts`;
const parse = `${dialect}-parse.test.ts`;
const report = `${dialect}-report.test.ts`;
const rules = `${dialect}-rules.test.ts`;
const values = `${dialect}-values.test.ts`;

const whole = "test/flux/helm-release.test.ts";

const row = (what: string, note: string, ...tests: readonly string[]): Row => ({ part, what, note, tests });

/** What users of HelmReleases rely on, in the order of upstream's documentation. */
export const helmReleaseRows: readonly Row[] = [
  row(
    "`chart.metadata`, `chart.spec`",
    "",
    `${chart}: the HelmChart is the one that upstream makes`,
    `${chart}: the HelmChart has what the template says, in the namespace of its source`,
  ),
  row(
    "`chartRef`",
    "OCIRepository, HelmChart, ExternalArtifact",
    `${chart}: a chart of others is followed without making one`,
  ),
  row(
    "`releaseName`, `targetNamespace`, `storageNamespace`",
    "",
    `${parse}: the release is named and placed as upstream names and places it`,
    `${whole}: a release under another name takes the place of the first one`,
  ),
  row("`interval`, `timeout`, `maxHistory`", "", `${parse}: fills in what a short spec leaves open`),
  row(
    "`values`, `valuesFrom`",
    "",
    `${values}: documents in their order, then the release's own values, then values at their paths`,
    `${values}: what is optional may be missing, object or entry`,
    `${whole}: values come from ConfigMaps and Secrets, and their change is an upgrade`,
  ),
  row(
    "`postRenderers`, `postRenderStrategy`, `commonMetadata`",
    "",
    `${parse}: changes what was rendered in upstream's order: own steps, common metadata, labels of origin`,
  ),
  row(
    "`install`, `upgrade`, `test`, `rollback`, `uninstall`",
    "objects are always applied on the server: `serverSideApply: false` and `disabled` are refused, `force` has no effect",
    `${whole}: a chart is installed, upgraded with other values and another version, and removed`,
    `${whole}: hooks run by weight, are waited for, and go as their policy says; tests run when asked for`,
    `${whole}: definitions of crds/ are there before what needs them, and stay when the release goes`,
    `${parse}: reads every field of the actions`,
    `${report}: a running action is told with its timeout, an installation also in Ready`,
  ),
  row(
    "`remediation`",
    "",
    `${whole}: a failed installation stalls where there are no retries, and a new spec starts over`,
    `${whole}: a failed installation is removed as often as it is tried, and then no more`,
    `${whole}: a failed upgrade is rolled back, and what was there before is there again`,
    `${whole}: failed tests fail the release unless they are ignored`,
    `${report}: a rollback leaves Ready false, names the revision it went back to and is tried again`,
    `${report}: a removal after a failure is told with the failure that it follows`,
  ),
  row(
    "`strategy`",
    "",
    `${parse}: failures can be only tried again, after five minutes unless told otherwise`,
    `${report}: a failure that is only tried again says when, and is observed meanwhile`,
  ),
  row(
    "`driftDetection`, also on objects",
    "",
    `${whole}: drift is corrected at once where that is enabled, told where it is a warning, and ignored by rule`,
    `${rules}: the spec names fields that are left alone, of the objects that it selects`,
    `${rules}: an object that opts out does not count for drift, by label or annotation, in Git or on the cluster`,
    `${report}: drift is told when it is found, in Drifted and as a warning, and once more when it is gone`,
  ),
  row("`dependsOn`", "", `${rules}: a ready release is none, another one is`),
  row("`healthCheckExprs`, `serviceAccountName`", "", `${parse}: reads the rest of the spec`),
  row(
    "`suspend`",
    "",
    `${parse}: a suspended release is orphaned when it is deleted, an adopted one is not suspended here`,
  ),
  row("`persistentClient`, `waitStrategy`", "accepted without effect", `${parse}: reads the rest of the spec`),
  row(
    "`kubeConfig`",
    "as in a Kustomization",
    "test/flux/remote-cluster.test.ts: a HelmRelease is installed there with its records, and removed",
  ),
  row(
    "`reconcile.fluxcd.io/forceAt`, `resetAt`",
    "",
    `${whole}: an action that another process left half done is unlocked, and a forced upgrade upgrades what is in sync`,
    `${parse}: a request to force or reset counts together with the same request to reconcile`,
  ),
  row(
    "conditions and `status`",
    "",
    `${captured}: reportHelmRelease() writes what Flux wrote`,
    `${report}: what was rolled back to what is wanted now is no failure any more`,
    `${marks}: after a restart what the status tells stays, without an event`,
  ),
  row("events", "told once, when something changes", `${report}: outcomes are told once, with what they are about`),
  row(
    "marks on objects, `helm.sh/resource-policy`",
    "",
    `${rules}: objects get the marks that Flux and Helm give them, and belong to the release they name`,
    `${rules}: an object is deleted with its release unless its policy keeps it`,
  ),
  row(
    "`--no-cross-namespace-refs`, `--default-service-account`",
    "",
    `${parse}: sources of other namespaces where they are not allowed`,
    `${parse}: reads the rest of the spec`,
  ),
];
