import { artifactRows, servedArtifact } from "./artifact-rows.ts";
import { helmReleaseRows } from "./helm-release-rows.ts";
import { partly, type Row, served } from "./row.ts";
import { sourceRows } from "./source-rows.ts";

const build = "test/flux/build.test.ts";
const order = "test/flux/order.test.ts";
const health = "test/flux/health.test.ts";
const lifecycle = "test/flux/lifecycle.test.ts";
const objects = "test/flux/objects.test.ts";
const report = "test/flux/report.test.ts";
const source = "test/flux/source.test.ts";
const bases = "test/flux/remote-bases.test.ts";
const tenants = "test/flux/tenants.test.ts";
const metrics = "src/adapters/observe/metrics.test.ts";

/** What Flux's users rely on, in the order of its own documentation. */
export const fluxRows: readonly Row[] = [
  served(
    "Every kind",
    "conditions and reasons, `observedGeneration`",
    `${report}: of a success is Flux's own, word by word`,
  ),
  served(
    "Every kind",
    "`reconcile.fluxcd.io/requestedAt`, `lastHandledReconcileAt`",
    `${lifecycle}: a requested reconciliation is done and confirmed by its token`,
    `${source}: a requested reconciliation is confirmed by its token`,
  ),
  served("Every kind", "finalizer", `${source}: a deleted GitRepository goes although it has the finalizer of Flux`),
  served(
    "Every kind",
    "`reconcile.fluxcd.io/watch` on ConfigMaps and Secrets",
    "test/flux/post-build.test.ts: variables are filled in from the Kustomization, ConfigMaps and Secrets, and follow their changes",
  ),
  served(
    "Every kind",
    "`sharding.fluxcd.io/key` by `--watch-label-selector`",
    `${tenants}: serves the apps of its shard, from the moment they belong to it until they leave`,
  ),
  servedArtifact,
  served(
    "Every kind",
    "user metadata of events (`event.toolkit.fluxcd.io/…`)",
    "src/dialects/flux/user-metadata.test.ts: events carry what people wrote on the object for them, and nothing else of it",
    `${report}: of a success is Flux's own, word by word`,
  ),
  served(
    "Every kind",
    "metrics under `gotk_*`",
    `${metrics}: Kustomizations are counted under the names that alerts of Flux use, and leave with their series`,
  ),

  ...sourceRows,
  ...artifactRows,

  served(
    "Kustomization",
    "`path`, generated kustomization",
    `${build}: path is where it begins, also without ./, and the whole repository when it is left out`,
    `${build}: a kustomization is generated where none is: folders with one count as one, others file by file`,
  ),
  served(
    "Kustomization",
    "`sourceRef`, also in another namespace",
    `${lifecycle}: a source of another namespace is followed`,
  ),
  served(
    "Kustomization",
    "`targetNamespace`, `namePrefix`, `nameSuffix`, `patches`, `commonMetadata`",
    `${build}: names, namespace, patches, images and common metadata change what is built`,
  ),
  served("Kustomization", "`images`", `${build}: images of the spec win field by field over those of the repository`),
  served(
    "Kustomization",
    "`components`, `ignoreMissingComponents`",
    `${build}: components are added, and absent ones only forgiven when the spec says so`,
  ),
  served(
    "Kustomization",
    "`interval`, `retryInterval`",
    `${lifecycle}: a failed app is tried again after retryInterval, without a new commit`,
  ),
  served(
    "Kustomization",
    "`timeout`, `wait`",
    `${health}: with wait every object must be healthy before the app is ready`,
    `${health}: a wait ends at the timeout, of which thirty seconds is the shortest`,
  ),
  served(
    "Kustomization",
    "`healthChecks`",
    `${health}: healthChecks wait for the named objects only, and wait makes them superfluous`,
  ),
  served(
    "Kustomization",
    "`healthCheckExprs`",
    "test/flux/expressions.test.ts: decide when objects of a kind are healthy, and when waiting for them is in vain",
  ),
  served(
    "Kustomization",
    "`dependsOn`",
    `${health}: dependsOn waits until the other app is ready, also one of another namespace`,
    `${health}: of two apps of one source the dependent one applies a commit after the other`,
  ),
  served(
    "Kustomization",
    "`dependsOn[].readyExpr`",
    "test/flux/expressions.test.ts: decide when a dependency is ready",
  ),
  served(
    "Kustomization",
    "`dependsOn[].apiVersion`, `kind` (not in upstream)",
    `${order}: wait for any kind of object: until it is there, and until an expression over it is true`,
    `${order}: judge another kind as their own health checks do, also one that nobody serves yet`,
    `${order}: are deleted before what they depend on, when both are deleted`,
  ),
  served(
    "Kustomization",
    "`onFailure` (not in upstream)",
    `${order}: Continue applies the rest of the stage and names what was refused; by default nothing is`,
  ),
  served(
    "Kustomization",
    "`prune`",
    "test/flux/lifecycle.test.ts: without prune nothing is deleted and what left is forgotten",
  ),
  served(
    "Kustomization",
    "`deletionPolicy`",
    "test/flux/lifecycle.test.ts: WaitForTermination keeps the app until its objects are really gone, Delete does not",
  ),
  served(
    "Kustomization",
    "`suspend`",
    `${lifecycle}: a suspended app neither applies nor heals nor reports, and catches up when it is resumed`,
  ),
  served(
    "Kustomization",
    "`force`",
    `${objects}: an immutable field fails by name; force, of the app or of the object, recreates it`,
  ),
  served(
    "Kustomization",
    "`ignore`",
    `${objects}: spec.ignore leaves a field to whoever sets it, also when a commit changes the rest`,
  ),
  served(
    "Kustomization",
    "`postBuild`",
    "test/flux/post-build.test.ts: variables are filled in from the Kustomization, ConfigMaps and Secrets, and follow their changes",
    "test/flux/post-build.test.ts: what is not there is named, and everything goes on once it is",
    "test/flux/post-build.test.ts: an object that opts out keeps its text",
  ),
  partly(
    served(
      "Kustomization",
      "`decryption`",
      "test/flux/decryption.test.ts: objects and generated Secrets are applied in plain text, which nobody is told",
      "test/flux/decryption.test.ts: a file of another tenant and a changed file leave what was applied as it is",
      "test/flux/decryption-clouds.test.ts: a file for Google's KMS is opened as the service account for it, and a refusal is told and passes",
      "test/flux/decryption-clouds.test.ts: a file for AWS KMS is opened with the keys of the Secret, as the role that it names",
      "src/adapters/upstream/sops-clouds.test.ts: by a key vault is opened as the client of the Secret, in both forms that there are",
    ),
    "age, PGP, Vault by token, KMS of AWS and Google, Azure Key Vault; keys of HuaweiCloud are refused",
  ),
  served(
    "Kustomization",
    "`serviceAccountName`",
    `${report}: that may not write an object fails it by name, user and rule, before anything is written`,
  ),
  partly(
    served(
      "Kustomization",
      "`kubeConfig`",
      "test/flux/remote-cluster.test.ts: a Kustomization applies, heals and prunes there, and leaves its own cluster alone",
      "test/flux/remote-cluster.test.ts: what is wrong with the kubeconfig is said, never its content, and ends when it is put right",
      "test/flux/remote-token.test.ts: acts there with a token of the service account, and with its rights",
      "src/adapters/cloud/cluster-proof.test.ts: a cluster of AWS takes a signed question to STS, and AWS says where it is",
    ),
    "`generic` in a ConfigMap needs `serviceAccountName`",
  ),
  served(
    "Kustomization",
    "`status.inventory`, `status.history`",
    `${report}: keeps a history, newest first, one entry for each content and end`,
  ),
  served(
    "Kustomization",
    "ownership labels, field manager, takeover of `kubectl`",
    `${objects}: objects carry the labels and the field manager of Flux`,
    `${objects}: what kubectl applied before is taken over, fields of others stay`,
    `${objects}: fields that kubectl adds are taken back, fields that others add stay`,
  ),
  served(
    "Kustomization",
    "`ssa`, `reconcile`, `prune`, `force` on objects",
    `${objects}: ssa: Merge leaves what others add, IfNotPresent only creates, Ignore never writes`,
    `${objects}: reconcile: disabled holds in Git and, set by hand, on the cluster`,
    `${objects}: prune: disabled keeps an object that left Git or whose app was deleted`,
  ),
  served(
    "Kustomization",
    "`--no-cross-namespace-refs`, `--default-service-account`",
    `${tenants}: refuses a source of another namespace`,
    `${tenants}: acts as the tenant's account where an app names none`,
  ),
  served(
    "Kustomization",
    "remote bases, `--no-remote-bases`",
    `${bases}: a base of another repository is followed like a source, and shared by those who take from it`,
    `${bases}: a base that cannot be had is named, and what is there stays as it is`,
    `${bases}: a file over http is a resource, asked for again, and a page for people is told from one`,
    `${tenants}: refuses what a kustomization takes from other repositories`,
  ),
  ...helmReleaseRows,
];
