import type { RemoteBranch, RemotePull, RemoteRepository } from "#core/app/provider.ts";
import { basic, listIn, memberIn, type Provider, type ProviderPlace, textIn, trimmed } from "./provider.ts";

const version = { "api-version": "7.0" };
const PAGE = 100;
const segment = encodeURIComponent;

/** Azure DevOps. */
export const azureDevOps: Provider = {
  base: (api) => trimmed(api) || "https://dev.azure.com",
  headers: (_user, secret) => (secret ? basic("", secret) : {}),
  async repositories(place, _ask, signal) {
    const { body } = await place.api.get(repositoriesAt(place), version, signal);
    const isUsable = (row: unknown) => memberIn(row, "isDisabled") !== true;
    return listIn(body, "value")
      .filter(isUsable)
      .map((row) => repositoryOf(place.address.owner, row));
  },
  async branches(place, { repository, all }, signal) {
    const path = `${repositoriesAt(place)}/${segment(repository.id)}/stats/branches`;
    const { body } = await place.api.get(path, all ? version : { ...version, name: repository.defaultBranch }, signal);
    if (body === null) return [];
    return all ? listIn(body, "value").map(branchOf) : [branchOf(body)];
  },
  async path(place, { repository, branch, path }, signal) {
    const query = {
      ...version,
      path,
      "versionDescriptor.version": branch.name,
      "versionDescriptor.versionType": "branch",
      $format: "json",
    };
    const { body } = await place.api.get(`${repositoriesAt(place)}/${segment(repository.id)}/items`, query, signal);
    return body !== null;
  },
  async pulls(place, { repository }, signal) {
    const path = `${repositoriesAt(place)}/${segment(repository)}/pullrequests`;
    const query = { ...version, "searchCriteria.status": "active", $top: PAGE };
    const reading = {
      rows: (body: unknown) => listIn(body, "value"),
      next: ({ body }: { readonly body: unknown }, page: number) =>
        listIn(body, "value").length < PAGE ? null : { path, query: { ...query, $skip: page * PAGE } },
    };
    return (await place.api.pages({ path, query }, reading, signal))?.map(pullOf) ?? null;
  },
};

function repositoriesAt({ address }: ProviderPlace): string {
  return `/${segment(address.owner)}/${segment(address.project)}/_apis/git/repositories`;
}

function repositoryOf(organization: string, row: unknown): RemoteRepository {
  return {
    organization,
    name: textIn(row, "name"),
    id: textIn(row, "id"),
    ssh: textIn(row, "sshUrl"),
    https: textIn(row, "remoteUrl"),
    defaultBranch: branchName(textIn(row, "defaultBranch")),
    labels: [],
    isArchived: false,
  };
}

function branchOf(row: unknown): RemoteBranch {
  return { name: textIn(row, "name"), sha: textIn(row, "commit", "commitId") };
}

function pullOf(row: unknown): RemotePull {
  return {
    number: textIn(row, "pullRequestId"),
    title: textIn(row, "title"),
    branch: branchName(textIn(row, "sourceRefName")),
    targetBranch: branchName(textIn(row, "targetRefName")),
    sha: textIn(row, "lastMergeSourceCommit", "commitId"),
    author: textIn(row, "createdBy", "uniqueName").split("@")[0] ?? "",
    labels: listIn(row, "labels").map((label) => textIn(label, "name")),
  };
}

function branchName(ref: string): string {
  return ref.replace(/^refs\/heads\//, "");
}
