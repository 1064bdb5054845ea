import { missing, partly, type Row, served } from "./row.ts";

const dialect = "src/dialects/argocd";
const access = `${dialect}/repository-access.test.ts`;
const cluster = `${dialect}/cluster-secret.test.ts`;
const clusters = "test/argocd/clusters.test.ts";
const proof = "src/adapters/cloud/cluster-proof.test.ts";
const registry = "test/argocd/registry.test.ts";
const repositories = "test/argocd/repositories.test.ts";
const sources = "test/argocd/sources.test.ts";

const FETCHING = "Sources: Git and OCI";
const SECRETS = "Repositories";
const CLUSTERS = "Clusters";

/** Where manifests come from. */
export const fetchingRows: readonly Row[] = [
  served(
    FETCHING,
    "`targetRevision` of Git: `HEAD`, branch, tag, commit, range over tags",
    `${sources}: targetRevision`,
    "src/core/source/version-constraint.test.ts: satisfies() admits a pre-release only when the range names one",
  ),
  served(
    FETCHING,
    "`tagPrefix`",
    "test/argocd/several-sources.test.ts: tags of one part of a repository are told by their prefix",
    "src/core/source/git-ref.test.ts: leaves nothing where no tag begins with it",
  ),
  served(
    FETCHING,
    "`path`",
    `${dialect}/parse-app.test.ts: parseApp() normalises the path`,
    `${sources}: a path that does not exist is told in the vendor's words`,
  ),
  served(
    FETCHING,
    "submodules, unless `reposerver.enable.git.submodule` is off",
    "test/argocd/helm.test.ts: may lie in a submodule",
    "src/adapters/git/submodule-repository.test.ts: shows the credential to its own server alone",
  ),
  served(
    FETCHING,
    "Git LFS (`enableLfs`)",
    "test/argocd/rendering-tools.test.ts: files of LFS are fetched where the repository's Secret says so, and what cannot be had is named",
    "src/adapters/git/lfs-repository.test.ts: gives what pointers stand for, asks for all of a read at once, and keeps it",
  ),
  served(
    FETCHING,
    "artifacts of registries (`oci://`): tag, range, digest",
    `${registry}: an artifact of a registry is rendered by what its path holds`,
    `${registry}: an artifact that is a chart is rendered as one`,
    "src/core/source/oci-ref.test.ts: highestTag()",
  ),
  served(
    FETCHING,
    "one source for all Applications of an address and revision",
    `${dialect}/parse-app.test.ts: parseApp() shares one source between apps of one repository and ref, whatever their names and paths`,
  ),
  served(
    FETCHING,
    "polling by `timeout.reconciliation` with its jitter",
    `${dialect}/settings.test.ts: reads how often apps are looked at; 0 turns it off`,
  ),
  partly(
    served(
      FETCHING,
      "webhooks (`/api/webhook`) of GitHub, GitLab, Gitea and Gogs, Bitbucket (both), Azure DevOps",
      "test/argocd/app-set-services.test.ts: makes Applications and sets look at once, of which nothing else would have told for minutes",
      "src/server/webhook-server.test.ts: that cannot be used are refused by what is wrong with them, and nobody is told",
    ),
    "with `--webhook-addr` and a secret in `argocd-secret` ([webhooks](../spec/webhooks.md)); not those of registries",
  ),
];

/** Secrets of type repository and repo-creds, and what goes with them. */
export const repositoryRows: readonly Row[] = [
  served(
    SECRETS,
    "Secrets `repository` and `repo-creds`, the longest beginning of an address first",
    `${repositories}: opens as soon as a template is there for it, and again after its password was changed`,
    `${access}: a repository without credentials takes those of the template with the longest beginning`,
  ),
  served(
    SECRETS,
    "`project`: repositories of one project",
    `${repositories}: belongs to one project alone: its apps may use it, and no other's get its password`,
    `${access}: the repository of an app's own project comes before that of all, and no other project's counts`,
  ),
  served(
    SECRETS,
    "`username`, `password`, `bearerToken`",
    `${access}: a bearer token is one, and a password comes before it`,
    "src/adapters/git/git-credential.test.ts: basic and bearer are accepted, and are told apart from other stores of the same address",
  ),
  served(
    SECRETS,
    "`sshPrivateKey`, `argocd-ssh-known-hosts-cm`",
    `${access}: addresses are compared without case, \`.git\` and the spelling of SSH`,
    "src/adapters/git/git-credential.test.ts: the key and the pinned hosts are private files that exist only while git runs",
  ),
  served(
    SECRETS,
    "`tlsClientCertData`, `tlsClientCertKey`, `argocd-tls-certs-cm`",
    `${access}: certificates are those of the client and of the host's authorities`,
    `${repositories}: opens without a check where its Secret says so, and for all once the authority is known`,
  ),
  served(
    SECRETS,
    "`githubAppID` and the other fields of a GitHub App",
    `${access}: an app at GitHub is its numbers and key, or its account where it has no installation`,
    "src/adapters/git/github-app-login.test.ts: the installation is found by its account, over pages",
  ),
  served(SECRETS, "`proxy`, `noProxy`", `${access}: no proxy is used for hosts that are exempt from it`),
  served(
    SECRETS,
    "`insecure`",
    `${repositories}: opens without a check where its Secret says so, and for all once the authority is known`,
  ),
  served(
    SECRETS,
    "`type: helm` and `oci`, `enableOCI`",
    `${registry}: a chart of a registry is followed within its range, with the scheme in its address and without`,
    `${dialect}/open-source.test.ts: the repository of a dependency is opened as its Secret says, be it with a scheme or without`,
  ),
  served(
    SECRETS,
    "`useAzureWorkloadIdentity`, `insecureOCIForceHttp`",
    `${dialect}/open-source.test.ts: a registry is asked as the controller's Azure identity, without TLS or without a check, as its Secret says`,
    "src/adapters/cloud/git-password.test.ts: Azure DevOps takes a token for itself, without a user",
  ),
  served(
    SECRETS,
    "a Secret that cannot be used stops its own apps alone",
    `${repositories}: declared by a malformed Secret stops its own apps, by the name of the entry, and no others`,
  ),
  served(
    SECRETS,
    "`gcpServiceAccountKey` for Git",
    `${dialect}/open-source.test.ts: a key of Google Cloud logs in to Git where nothing else does`,
    "src/adapters/git/gcp-key-login.test.ts: a token stands for the password of the account, and another is asked for before it ends",
  ),
  missing(
    SECRETS,
    "Secrets `repository-write`, `repo-write-creds`, `scm-creds`",
    "not read: nothing here writes to a repository for Argo CD",
  ),
];

/** Secrets of type cluster. */
export const clusterRows: readonly Row[] = [
  served(
    CLUSTERS,
    "Secrets `cluster`, by `server` or `name`, and `in-cluster`",
    `${clusters}: has its applications' objects, which are healed, pruned and deleted there and nowhere else`,
    `${cluster}: finds clusters by address, whatever its last slash, and by name`,
    `${cluster}: a Secret for the home cluster gives it a name and limits, and another way only where it says who asks`,
  ),
  served(
    CLUSTERS,
    "`namespaces`, `clusterResources`",
    `${clusters}: is used in its namespaces alone, where it names some`,
  ),
  served(CLUSTERS, "`project`", `${clusters}: is all that a project may use that wants its own alone`),
  served(
    CLUSTERS,
    "`config`: `bearerToken`, `username`, `password`, `tlsClientConfig`",
    `${cluster}: says where the cluster is and how it is reached`,
    "src/adapters/kube/cluster-client.test.ts: TLS: the authority and name are checked, and the client certificate is shown",
  ),
  partly(
    served(
      CLUSTERS,
      "`config.awsAuthConfig`, `config.execProviderConfig`",
      `${cluster}: with %o is shown %o`,
      `${proof}: a cluster of AWS takes a signed question to STS, and AWS says where it is`,
      "src/main/cluster-settings.test.ts: runs only programs that the operator allows, and names others",
    ),
    "AWS, Azure and Google Cloud without any program; others only with `--cluster-command`",
  ),
  served(CLUSTERS, "`config.proxyUrl`", `${clusters}: is reached through its proxy`),
  served(
    CLUSTERS,
    "a cluster that cannot be used stops its own apps alone",
    `${clusters}: that cannot be used is told by its own applications, in words without a secret, and stops no others`,
  ),
  missing(
    CLUSTERS,
    "`shard`, sharding by cluster",
    "the entry changes nothing; [several controllers](../spec/install.md#shards) divide apps by label",
  ),
];
