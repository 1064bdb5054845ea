import { posix } from "node:path";
import type { Dispatcher } from "undici";
import { ProviderError } from "#core/app/provider-error.ts";
import type { CloudRole, ProviderCall, ProviderCalls, RemoteRepository, RepositoryTag } from "#core/app/provider.ts";
import type { AwsCredentials } from "#engine/cloud-identity.ts";
import { AwsApi, type AwsService } from "./aws-api.ts";
import { listIn, memberIn, textIn } from "./provider.ts";

/** Gets keys of AWS. */
export interface RoleKeys {
  /** Those of the controller itself, or of a role that it may take. @throws Error whose message holds no credential */
  roleCredentials(asked: CloudRole, signal: AbortSignal): Promise<AwsCredentials>;
}

/** As whom CodeCommit is asked, and how it is reached. */
export interface CodeCommitParts {
  readonly keys: RoleKeys;
  readonly dispatcher: Dispatcher;
  readonly asRole: CloudRole;
}

const codeCommit: AwsService = { name: "codecommit", api: "CodeCommit_20150413" };
const tagging: AwsService = { name: "tagging", api: "ResourceGroupsTaggingAPI_20170126" };
const noPath = ["RepositoryDoesNotExistException", "CommitDoesNotExistException", "FolderDoesNotExistException"];
const entries = ["files", "subFolders", "symbolicLinks", "subModules"];
const AT_ONCE = 4;

/** Asks AWS CodeCommit, by what its own clients need rights for. @throws ProviderError */
export async function askCodeCommit(parts: CodeCommitParts, call: ProviderCall, signal: AbortSignal): Promise<unknown> {
  // It is known already: nobody needs to be asked.
  if (call.get === "branches" && !call.all) return [{ name: call.repository.defaultBranch, sha: "" }];
  const api = await apiOf(parts, signal);
  switch (call.get) {
    case "repositories":
      return await repositories(api, call, signal);
    case "branches":
      return await branches(api, call, signal);
    case "path":
      return await hasPath(api, call, signal);
    case "pulls":
      throw new ProviderError("Cannot list pull requests of AWS CodeCommit: generators know none of them");
  }
}

async function apiOf({ keys, dispatcher, asRole }: CodeCommitParts, signal: AbortSignal): Promise<AwsApi> {
  const { role } = asRole;
  const region = asRole.region || (process.env["AWS_REGION"] ?? "");
  // It becomes a part of the host's name.
  if (!/^[a-z0-9-]{1,40}$/.test(region)) {
    const state = region === "" ? "no region is named" : `${JSON.stringify(region.slice(0, 60))} is no region`;
    throw new ProviderError(`Cannot ask AWS CodeCommit: ${state}; name one in awsCodeCommit.region, or in AWS_REGION`);
  }
  const { accessKeyId: id, secretAccessKey: key, sessionToken } = await keys.roleCredentials({ region, role }, signal);
  return new AwsApi({ keys: { id, key, session: sessionToken }, region, dispatcher, random: Math.random });
}

/** One without a default branch is left out: nothing was ever pushed there. */
async function repositories(
  api: AwsApi,
  { tags }: ProviderCalls["repositories"]["ask"],
  signal: AbortSignal,
): Promise<readonly RemoteRepository[]> {
  const names = tags.length > 0 ? await taggedNames(api, tags, signal) : await allNames(api, signal);
  const found: RemoteRepository[] = [];
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const read = names.slice(at, at + AT_ONCE).map(async (repositoryName) => {
      return await api.call({ service: codeCommit, operation: "GetRepository", body: { repositoryName } }, signal);
    });
    for (const answer of await Promise.all(read)) found.push(repositoryOf(memberIn(answer, "repositoryMetadata")));
  }
  return found.filter(({ defaultBranch }) => defaultBranch !== "");
}

async function allNames(api: AwsApi, signal: AbortSignal): Promise<readonly string[]> {
  const asked = { service: codeCommit, operation: "ListRepositories", body: {} };
  const pages = await api.pages(asked, "nextToken", signal);
  return pages.flatMap((page) => listIn(page, "repositories").map((row) => textIn(row, "repositoryName")));
}

async function taggedNames(
  api: AwsApi,
  tags: readonly RepositoryTag[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const filters = tags.map(({ key, values }) => ({ Key: key, ...(values.length > 0 && { Values: values }) }));
  const body = { ResourceTypeFilters: ["codecommit:repository"], TagFilters: filters };
  const pages = await api.pages({ service: tagging, operation: "GetResources", body }, "PaginationToken", signal);
  // Of `arn:aws:codecommit:REGION:ACCOUNT:NAME` the name.
  const name = (row: unknown) => textIn(row, "ResourceARN").split(":").slice(5).join(":");
  return pages.flatMap((page) => listIn(page, "ResourceTagMappingList").map(name)).filter((one) => one !== "");
}

function repositoryOf(row: unknown): RemoteRepository {
  return {
    organization: textIn(row, "accountId"),
    name: textIn(row, "repositoryName"),
    id: textIn(row, "repositoryId"),
    ssh: textIn(row, "cloneUrlSsh"),
    https: textIn(row, "cloneUrlHttp"),
    defaultBranch: textIn(row, "defaultBranch"),
    labels: [],
    isArchived: false,
  };
}

async function branches(
  api: AwsApi,
  { repository }: ProviderCalls["branches"]["ask"],
  signal: AbortSignal,
): Promise<ProviderCalls["branches"]["answer"]> {
  const body = { repositoryName: repository.name };
  const pages = await api.pages({ service: codeCommit, operation: "ListBranches", body }, "nextToken", signal);
  return pages.flatMap((page) => listIn(page, "branches").map((name) => ({ name: String(name), sha: "" })));
}

/** Looks into the folder that it would be in: reading a file itself would send all of it. */
async function hasPath(
  api: AwsApi,
  { repository, branch, path }: ProviderCalls["path"]["ask"],
  signal: AbortSignal,
): Promise<boolean> {
  const { dir, base } = posix.parse(posix.join("/", path));
  if (base === "") return true;
  const body = { repositoryName: repository.name, commitSpecifier: branch.name, folderPath: dir };
  const folder = await api.call({ service: codeCommit, operation: "GetFolder", body, absent: noPath }, signal);
  return entries.some((kind) => listIn(folder, kind).some((row) => textIn(row, "relativePath") === base));
}
