import Type from "typebox";
import { count, flag, text, texts, textMap } from "../schema-parts.ts";

/** A key of a Secret or ConfigMap in the set's namespace. */
const secretKey = Type.Optional(Type.Object({ secretName: Type.String(), key: Type.String() }));
const mapKey = Type.Optional(Type.Object({ configMapName: Type.String(), key: Type.String() }));

const basicAuth = Type.Optional(Type.Object({ username: Type.String(), passwordRef: secretKey }));
const bearerToken = Type.Optional(Type.Object({ tokenRef: secretKey }));

const common = { requeueAfterSeconds: count(), values: textMap(), template: anyTemplate() };

/** The template of one generator, which counts before the set's; checked once it is merged with that. */
export function anyTemplate() {
  return Type.Optional(
    Type.Unsafe<Readonly<Record<string, unknown>>>({ type: "object", "x-kubernetes-preserve-unknown-fields": true }),
  );
}

/** Repositories of a provider. */
export const scmProviderSchema = Type.Object({
  ...common,
  cloneProtocol: text(),
  filters: Type.Optional(
    Type.Array(
      Type.Object({
        repositoryMatch: text(),
        pathsExist: texts(),
        pathsDoNotExist: texts(),
        labelMatch: text(),
        branchMatch: text(),
      }),
    ),
  ),
  github: Type.Optional(
    Type.Object({
      organization: Type.String(),
      api: text(),
      tokenRef: secretKey,
      appSecretName: text(),
      allBranches: flag(),
      excludeArchivedRepos: flag(),
    }),
  ),
  gitlab: Type.Optional(
    Type.Object({
      group: Type.String(),
      includeSubgroups: flag(),
      includeSharedProjects: flag(),
      includeArchivedRepos: flag(),
      api: text(),
      tokenRef: secretKey,
      allBranches: flag(),
      insecure: flag(),
      topic: text(),
      caRef: mapKey,
    }),
  ),
  gitea: Type.Optional(
    Type.Object({
      owner: Type.String(),
      api: Type.String(),
      tokenRef: secretKey,
      allBranches: flag(),
      insecure: flag(),
      excludeArchivedRepos: flag(),
    }),
  ),
  bitbucket: Type.Optional(
    Type.Object({ owner: Type.String(), user: Type.String(), appPasswordRef: secretKey, allBranches: flag() }),
  ),
  bitbucketServer: Type.Optional(
    Type.Object({
      project: Type.String(),
      api: Type.String(),
      basicAuth,
      bearerToken,
      allBranches: flag(),
      insecure: flag(),
      caRef: mapKey,
    }),
  ),
  azureDevOps: Type.Optional(
    Type.Object({
      organization: Type.String(),
      teamProject: Type.String(),
      api: text(),
      accessTokenRef: secretKey,
      allBranches: flag(),
    }),
  ),
  awsCodeCommit: Type.Optional(
    Type.Object({
      role: text(),
      region: text(),
      allBranches: flag(),
      tagFilters: Type.Optional(Type.Array(Type.Object({ key: Type.String(), value: text() }))),
    }),
  ),
});

/** Pull requests of one repository of a provider. */
export const pullRequestSchema = Type.Object({
  ...common,
  continueOnRepoNotFoundError: flag(),
  filters: Type.Optional(
    Type.Array(Type.Object({ branchMatch: text(), targetBranchMatch: text(), titleMatch: text() })),
  ),
  github: Type.Optional(
    Type.Object({
      owner: Type.String(),
      repo: Type.String(),
      api: text(),
      tokenRef: secretKey,
      appSecretName: text(),
      labels: texts(),
    }),
  ),
  gitlab: Type.Optional(
    Type.Object({
      project: Type.String(),
      api: text(),
      tokenRef: secretKey,
      labels: texts(),
      pullRequestState: text(),
      insecure: flag(),
      caRef: mapKey,
    }),
  ),
  gitea: Type.Optional(
    Type.Object({
      owner: Type.String(),
      repo: Type.String(),
      api: Type.String(),
      tokenRef: secretKey,
      labels: texts(),
      insecure: flag(),
    }),
  ),
  bitbucket: Type.Optional(
    Type.Object({ owner: Type.String(), repo: Type.String(), api: text(), basicAuth, bearerToken }),
  ),
  bitbucketServer: Type.Optional(
    Type.Object({
      project: Type.String(),
      repo: Type.String(),
      api: Type.String(),
      basicAuth,
      bearerToken,
      insecure: flag(),
      caRef: mapKey,
    }),
  ),
  azuredevops: Type.Optional(
    Type.Object({
      organization: Type.String(),
      project: Type.String(),
      repo: Type.String(),
      api: text(),
      tokenRef: secretKey,
      labels: texts(),
    }),
  ),
});
