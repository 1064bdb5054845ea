import { partly, type Row, served } from "./row.ts";

const git = "test/flux/git-repository.test.ts";
const cloudBucket = "test/flux/bucket-clouds.test.ts";
const helm = "test/flux/helm-sources.test.ts";
const oci = "test/flux/oci.test.ts";
const registryPassword = "src/adapters/cloud/registry-password.test.ts";
const source = "test/flux/source.test.ts";
const verify = "src/adapters/oci/verify-artifact.test.ts";

/** What Flux's users rely on of sources, in the order of its own documentation. */
export const sourceRows: readonly Row[] = [
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
    "test/flux/cloud-sources.test.ts: a GitRepository is fetched from Azure DevOps as its service account, of which nothing is told",
    "src/adapters/cloud/git-password.test.ts: CodeCommit takes keys as the user, and a signature of the repository's address as the password",
    "src/adapters/git/cloud-login.test.ts: a submodule on the same server is asked for with a password of its own",
  ),

  served(
    "OCIRepository",
    "`url`, `interval`, `timeout`, `ref.*`, `insecure`",
    `${oci}: a tag is followed, and its digest is the revision`,
    `${oci}: the newest version in a range is used, and a digest is never left`,
  ),
  served(
    "OCIRepository",
    "`status.artifact.metadata`, `lastAppliedOriginRevision`",
    `${oci}: what its maker noted with an artifact is told, and what it was made from by those that apply it`,
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
    "test/flux/cloud-sources.test.ts: an OCIRepository is pulled from ECR as its service account, of which nothing is told",
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
];
