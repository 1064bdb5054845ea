import type { RemoteBranch, RemotePull, RemoteRepository } from "#core/app/provider.ts";
import type { ApiAnswer } from "./provider-api.ts";
import { basic, encodedPath, listIn, type Provider, textIn, trimmed } from "./provider.ts";

const all = {
  rows: (body: unknown) => listIn(body, "values"),
  next: ({ body }: ApiAnswer) => {
    const path = textIn(body, "next");
    return path === "" ? null : { path, query: {} };
  },
};
const segment = encodeURIComponent;

/** Bitbucket, in the cloud. */
export const bitbucket: Provider = {
  base: (api) => trimmed(api) || "https://api.bitbucket.org/2.0",
  headers: (user, secret) => {
    if (user) return basic(user, secret);
    return secret ? { authorization: `Bearer ${secret}` } : {};
  },
  async repositories({ api, address }, _ask, signal) {
    const first = { path: `/repositories/${segment(address.owner)}`, query: { pagelen: 100 } };
    return ((await api.pages(first, all, signal)) ?? []).map((row) => repositoryOf(address.owner, row));
  },
  async branches({ api }, { repository, all: isAll }, signal) {
    const path = `/repositories/${segment(repository.organization)}/${segment(repository.name)}/refs/branches`;
    if (isAll) return ((await api.pages({ path, query: { pagelen: 100 } }, all, signal)) ?? []).map(branchOf);
    const { body } = await api.get(`${path}/${encodedPath(repository.defaultBranch)}`, {}, signal);
    return body === null ? [] : [branchOf(body)];
  },
  async path({ api }, { repository, branch, path }, signal) {
    const place = `/repositories/${segment(repository.organization)}/${segment(repository.name)}/src`;
    const at = `${place}/${segment(branch.sha)}/${encodedPath(path)}`;
    return (await api.get(at, { format: "meta" }, signal)).body !== null;
  },
  async pulls({ api, address }, { repository }, signal) {
    const path = `/repositories/${segment(address.owner)}/${segment(repository)}/pullrequests`;
    return (await api.pages({ path, query: { pagelen: 50, state: "OPEN" } }, all, signal))?.map(pullOf) ?? null;
  },
};

function repositoryOf(organization: string, row: unknown): RemoteRepository {
  const clone = (name: string) => {
    return textIn(
      listIn(row, "links", "clone").find((one) => textIn(one, "name") === name),
      "href",
    );
  };
  return {
    organization,
    name: textIn(row, "slug") || textIn(row, "name"),
    id: textIn(row, "uuid"),
    ssh: clone("ssh"),
    https: clone("https"),
    defaultBranch: textIn(row, "mainbranch", "name"),
    labels: [],
    isArchived: false,
  };
}

function branchOf(row: unknown): RemoteBranch {
  return { name: textIn(row, "name"), sha: textIn(row, "target", "hash") };
}

function pullOf(row: unknown): RemotePull {
  return {
    number: textIn(row, "id"),
    title: textIn(row, "title"),
    branch: textIn(row, "source", "branch", "name"),
    targetBranch: textIn(row, "destination", "branch", "name"),
    sha: textIn(row, "source", "commit", "hash"),
    author: textIn(row, "author", "nickname"),
    labels: [],
  };
}
