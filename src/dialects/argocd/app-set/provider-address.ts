import { SetError } from "#core/app/app-set.ts";
import type { CloudRole, EntryRef, ProviderAddress, ProviderName, RepositoryTag } from "#core/app/provider.ts";
import type { Making } from "./making.ts";
import type { GeneratorFields } from "./set-schema.ts";

type ScmFields = NonNullable<GeneratorFields["scmProvider"]>;
type PullFields = NonNullable<GeneratorFields["pullRequest"]>;

/** Which service, and what its block says. */
export interface NamedProvider {
  readonly name: ProviderName;
  /** The block as it is written, whatever the service. */
  readonly fields: ProviderFields;
}

/** Fields of all services together. */
export interface ProviderFields {
  readonly organization?: string;
  readonly owner?: string;
  readonly group?: string;
  readonly project?: string;
  readonly teamProject?: string;
  readonly repo?: string;
  readonly user?: string;
  readonly api?: string;
  readonly allBranches?: boolean;
  readonly insecure?: boolean;
  readonly includeSubgroups?: boolean;
  readonly includeSharedProjects?: boolean;
  readonly includeArchivedRepos?: boolean;
  readonly excludeArchivedRepos?: boolean;
  readonly topic?: string;
  readonly labels?: readonly string[];
  readonly pullRequestState?: string;
  readonly appSecretName?: string;
  readonly role?: string;
  readonly region?: string;
  readonly tagFilters?: readonly { readonly key: string; readonly value?: string }[];
  readonly tokenRef?: SecretKey;
  readonly accessTokenRef?: SecretKey;
  readonly appPasswordRef?: SecretKey;
  readonly basicAuth?: { readonly username: string; readonly passwordRef?: SecretKey };
  readonly bearerToken?: { readonly tokenRef?: SecretKey };
  readonly caRef?: { readonly configMapName: string; readonly key: string };
}

interface SecretKey {
  readonly secretName: string;
  readonly key: string;
}

/** Names of the blocks, and the services that they are for. */
const BLOCKS: readonly (readonly [string, ProviderName])[] = [
  ["github", "github"],
  ["gitlab", "gitlab"],
  ["gitea", "gitea"],
  ["bitbucket", "bitbucket"],
  ["bitbucketServer", "bitbucketServer"],
  ["azureDevOps", "azureDevOps"],
  ["azuredevops", "azureDevOps"],
  ["awsCodeCommit", "awsCodeCommit"],
];

/** The service that a generator names. @throws SetError when it names none that is known */
export function providerOf(
  kind: "scmProvider" | "pullRequest",
  written: ScmFields | PullFields,
  making: Making,
): NamedProvider {
  mustBeOfControlNamespace(kind, making);
  const { asksServices, services } = making.installation.argo.sets;
  if (!asksServices) throw new SetError("parameters", "scm providers are disabled");
  const blocks = written as Readonly<Record<string, ProviderFields | undefined>>;
  for (const [block, name] of BLOCKS) {
    const fields = blocks[block];
    if (!fields) continue;
    if (fields.api && services.length > 0 && !services.includes(fields.api)) {
      const allowed = services.join(", ");
      const message = `scm provider not allowed: ${JSON.stringify(fields.api)} must be one of the following: ${allowed}`;
      throw new SetError("parameters", message);
    }
    return { name, fields };
  }
  const what = kind === "scmProvider" ? "SCM provider" : "Pull Request provider";
  throw new SetError("parameters", `no ${what} implementation configured`);
}

/** Elsewhere the controller would ask, for anybody, whatever address they name. @throws SetError */
export function mustBeOfControlNamespace(kind: string, { namespace, installation }: Making): void {
  const { controlNamespace } = installation;
  if (namespace === controlNamespace) return;
  throw new SetError("parameters", `${kind} is served in the namespace ${controlNamespace} only`);
}

/** Where a service is asked, and as whom; Secrets are of the set's own namespace. */
export function addressOf({ name, fields }: NamedProvider, { namespace }: Pick<Making, "namespace">): ProviderAddress {
  const { organization, owner, group, project, teamProject, api = "", insecure = false, caRef } = fields;
  const hasOwn = name === "azureDevOps";
  return {
    provider: name,
    api,
    owner: organization ?? owner ?? group ?? (hasOwn ? "" : (project ?? "")),
    project: hasOwn ? (teamProject ?? project ?? "") : "",
    credential: name === "awsCodeCommit" ? roleOf(fields) : credentialOf(fields, namespace),
    ca: caRef ? { namespace, name: caRef.configMapName, key: caRef.key } : null,
    insecure,
  };
}

function roleOf({ region = "", role = "" }: ProviderFields): CloudRole {
  return { region, role };
}

/** Tags by their keys: a repository needs all of them. */
export function tagsOf({ tagFilters = [] }: ProviderFields): readonly RepositoryTag[] {
  const byKey = Map.groupBy(tagFilters, ({ key }) => key);
  return [...byKey].map(([key, filters]) => ({ key, values: filters.flatMap(({ value }) => value || []) }));
}

function credentialOf(fields: ProviderFields, namespace: string): ProviderAddress["credential"] {
  const { basicAuth, bearerToken, appPasswordRef, user = "", tokenRef, accessTokenRef, appSecretName } = fields;
  if (appSecretName) return { app: { namespace, name: appSecretName } };
  const entry = ({ secretName: name, key }: SecretKey): EntryRef => ({ namespace, name, key });
  if (bearerToken?.tokenRef) return { user: "", secret: entry(bearerToken.tokenRef) };
  if (basicAuth?.passwordRef) return { user: basicAuth.username, secret: entry(basicAuth.passwordRef) };
  if (appPasswordRef) return { user, secret: entry(appPasswordRef) };
  const token = tokenRef ?? accessTokenRef;
  return token ? { user: "", secret: entry(token) } : null;
}

/** How long an answer counts. */
export function rhythmOf({ requeueAfterSeconds = 1_800 }: { readonly requeueAfterSeconds?: number }): number {
  return Math.max(1, requeueAfterSeconds) * 1_000;
}
