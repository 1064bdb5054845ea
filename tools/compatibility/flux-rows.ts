import { artifactRows, servedArtifact } from "./artifact-rows.ts";
import { helmReleaseRows } from "./helm-release-rows.ts";
import type { Row } from "./row.ts";

const build = "test/flux/build.test.ts";
const git = "test/flux/git-repository.test.ts";
const order = "test/flux/order.test.ts";
const health = "test/flux/health.test.ts";
const cloudBucket = "test/flux/bucket-clouds.test.ts";
const helm = "test/flux/helm-sources.test.ts";
const lifecycle = "test/flux/lifecycle.test.ts";
const objects = "test/flux/objects.test.ts";
const oci = "test/flux/oci.test.ts";
const registryPassword = "src/adapters/cloud/registry-password.test.ts";
const report = "test/flux/report.test.ts";
const source = "test/flux/source.test.ts";
const verify = "src/adapters/oci/verify-artifact.test.ts";
const bases = "test/flux/remote-bases.test.ts";
const tenants = "test/flux/tenants.test.ts";
const metrics = "src/adapters/observe/metrics.test.ts";

const served = (part: string, what: string, ...tests: readonly string[]): Row => ({ part, what, tests });
const partly = (row: Row, note: string): Row => ({ ...row, note });
const missing = (part: string, what: string, note: string): Row => ({ part, what, note, tests: [] });

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
  missing("Every kind", "user metadata of events (`event.toolkit.fluxcd.io/…`)", "not read"),
  served(
    "Every kind",
    "metrics under `gotk_*`",
    `${metrics}: Kustomizations are counted under the names that alerts of Flux use, and leave with their series`,
  ),

  served(
    "GitRepository",
    "`url`, `interval`, `timeout`, `ref.*`",
    `${source}: tag, version range, commit and reference name are followed, and a later one wins over an earlier one`,
    `${source}: the interval alone brings a new commit`,
    `${source}: a remote that hangs is given up at the timeout, and others are followed meanwhile`,
  ),
  served(
    "GitRepository",
    "`secretRef`: basic, bearer, authority, client certificate, ssh",
    `${source}: credentials come from the Secret, and are never told`,
    `${git}: a client certificate and a proxy come from Secrets, and are never told`,
  ),
  served(
    "GitRepository",
    "`proxySecretRef`",
    `${git}: a client certificate and a proxy come from Secrets, and are never told`,
  ),
  served(
    "GitRepository",
    "`ignore`, `.sourceignore`",
    `${source}: ignore rules hide files, and what they hide leaves the cluster`,
  ),
  served("GitRepository", "`suspend`", `${source}: a suspended source stays where it is until it is resumed`),
  served(
    "GitRepository",
    "`sparseCheckout`",
    `${git}: a sparse checkout shows what the directories hold, and applies the rules that are in there`,
  ),
  served(
    "GitRepository",
    "`include`",
    `${git}: an include brings files of another repository, and its news reach the apps`,
  ),
  served(
    "GitRepository",
    "`verify`",
    `${git}: only commits that a trusted key signed are used, and the last one stays`,
    `${git}: tags are verified, alone and with their commits`,
  ),
  served(
    "GitRepository",
    "`recurseSubmodules`",
    `${git}: submodules are fetched where they are asked for, and the revision stays that of the repository`,
    "src/adapters/git/submodule-repository.test.ts: shows the credential to its own server alone",
  ),
  served(
    "GitRepository",
    "`provider: github`",
    `${git}: a GitHub App logs in with tokens that it gets, of which nothing is told`,
    "src/adapters/git/github-app-login.test.ts: the installation is found by its account, over pages",
  ),
  served(
    "GitRepository",
    "`provider` aws and azure, `serviceAccountName`",
    "src/adapters/cloud/git-password.test.ts: Azure DevOps takes a token for itself, without a user",
    "src/adapters/cloud/git-password.test.ts: CodeCommit takes keys as the user, and a signature of the repository's address as the password",
    "src/adapters/git/cloud-login.test.ts: a submodule on the same server is asked for with a password of its own",
  ),

  served(
    "OCIRepository",
    "`url`, `interval`, `timeout`, `ref.*`, `insecure`",
    `${oci}: a tag is followed, and its digest is the revision`,
    `${oci}: the newest version in a range is used, and a digest is never left`,
  ),
  served("OCIRepository", "`secretRef`", `${oci}: wrong credentials are told without a word of them`),
  served(
    "OCIRepository",
    "`certSecretRef`",
    "src/adapters/oci/registry-wire.test.ts: is spoken with a registry whose authority the Secret names",
  ),
  served(
    "OCIRepository",
    "`layerSelector`",
    "src/adapters/oci/pull-artifact.test.ts: becomes one file when it is copied, whatever it holds",
  ),
  served(
    "OCIRepository",
    "the last good artifact stays",
    `${oci}: what cannot be pulled is told by name, and the last good artifact stays and is healed`,
  ),
  partly(
    served(
      "OCIRepository",
      "`verify` by cosign",
      `${oci}: only an artifact that a trusted key signed is used, and the last one stays`,
      `${verify}: one in a bundle counts, listed by the registry or under the tag that stands for a list`,
      `${verify}: one without a key counts by its identity, in either form`,
      `${oci}: a verification that cannot be done offline is refused by name, with the way out`,
    ),
    "without keys only with `trustedRootSecretRef`, and only for `matchOIDCIdentity`",
  ),
  partly(
    served(
      "OCIRepository",
      "`verify` by notation",
      `${oci}: signatures of notation count by the trust policy`,
      `${verify}: one of notation that could have been revoked counts only where the policy leaves that out`,
    ),
    "revocation servers are not asked: what they know is unknown",
  ),
  served(
    "OCIRepository",
    "`proxySecretRef`",
    "src/adapters/oci/registry-proxy.test.ts: a proxy is gone through for plain http and for TLS, whatever the environment says",
    "src/adapters/oci/registry-proxy.test.ts: a proxy that refuses, and a Secret that is none of a proxy, are told of without a secret",
  ),
  served(
    "OCIRepository",
    "`provider`",
    `${registryPassword}: a password for a registry of AWS is asked for with a signed request in the registry's region`,
    `${registryPassword}: a token of Azure is exchanged for a password by the registry itself`,
    `${registryPassword}: registries of Google Cloud take its tokens as passwords`,
    "src/adapters/oci/cloud-registry.test.ts: is shown to the registry once that asks, for the service account or the controller",
  ),
  served(
    "OCIRepository",
    "`serviceAccountName`",
    "test/flux/remote-token.test.ts: an OCIRepository is pulled with the pull secrets of its service account",
    "src/adapters/cloud/cloud-tokens.test.ts: a service account becomes its AWS role with a token for STS",
  ),

  served(
    "HelmRepository",
    "`type: default`",
    `${helm}: the index is followed, and a chart is the highest version in its range`,
  ),
  served(
    "HelmRepository",
    "`type: oci`",
    `${helm}: charts of a registry are found by tag, and their HelmRepository has no status`,
  ),
  served(
    "HelmRepository",
    "`provider`",
    "src/dialects/flux/parse-helm.test.ts: of type oci may be asked with a cloud's word; others are asked without, whatever the provider",
  ),
  served(
    "HelmRepository",
    "`secretRef`, `passCredentials`",
    `${helm}: credentials are those of the HelmRepository, and no status holds them`,
  ),
  served(
    "HelmChart",
    "`chart`, `version`",
    `${helm}: the index is followed, and a chart is the highest version in its range`,
    `${helm}: what is missing is told with names like it, and appears when it is published`,
  ),
  served(
    "HelmChart",
    "`sourceRef` to a GitRepository or Bucket",
    `${helm}: the chart in a folder is packed, and follows its own version only`,
    `${helm}: a path where no chart is is told of in words, and the last good chart stays`,
    `${helm}: a chart in a bucket is packed, and one that is packed there is taken as it is`,
  ),
  served("HelmChart", "`reconcileStrategy`", `${helm}: each commit is a version of its own when that is asked for`),
  served(
    "HelmChart",
    "dependencies and `Chart.lock`",
    `${helm}: what the chart needs comes from the HelmRepository of that address, with its Secret`,
    "src/adapters/helm/chart-builder.test.ts: come from their repository, as the lock says where there is one",
    "src/adapters/helm/chart-builder.test.ts: come from the same source",
  ),
  served(
    "HelmChart",
    "`valuesFiles`, `ignoreMissingValuesFiles`",
    `${helm}: values files are packed into the chart, and its version says so`,
    `${helm}: values files are found from the root of the source, and a missing one is told of`,
  ),
  partly(
    served("HelmChart", "`verify`", `${helm}: a chart of a registry is used only when a trusted key signed it`),
    "like that of an OCIRepository; refused for charts that are in no registry",
  ),

  served(
    "Bucket",
    "`bucketName`, `endpoint`, `region`, `prefix`, `insecure`, `ignore`",
    "test/flux/bucket.test.ts: its objects are followed: a change is applied, and what is removed is pruned",
    "test/flux/bucket.test.ts: only what the prefix names and no rule hides is read",
  ),
  served(
    "Bucket",
    "`secretRef`",
    "test/flux/bucket.test.ts: a bucket that is not there, and wrong keys, are told without a word of the keys",
  ),
  served(
    "Bucket",
    "`proxySecretRef`",
    "src/adapters/bucket/bucket-fetcher.test.ts: a proxy from a Secret is gone through, and a Secret that is none is told of",
  ),
  served(
    "Bucket",
    "`provider`: generic, aws, gcp, azure",
    `${cloudBucket}: Google's is followed with the key of an account, and then as a service account`,
    `${cloudBucket}: Azure's is followed with the key of its account`,
    `${cloudBucket}: Amazon's is followed with the keys of the controller's environment`,
  ),
  served(
    "Bucket",
    "`serviceAccountName`",
    `${cloudBucket}: Google's is followed with the key of an account, and then as a service account`,
  ),
  served(
    "Bucket",
    "`sts`",
    "src/adapters/bucket/lent-keys.test.ts: is read with the keys that Amazon lends, for region, service account and token service",
    "src/adapters/bucket/lent-keys.test.ts: is read with the keys that a user is lent, which are asked for anew only when they end",
  ),
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
    ),
    "age, PGP, Vault; keys of cloud providers and `serviceAccountName` are refused",
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
