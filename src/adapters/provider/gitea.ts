import type { RemoteBranch, RemotePull, RemoteRepository } from "#core/app/provider.ts";
import { encodedPath, linkedNext, listIn, memberIn, type Provider, textIn, trimmed } from "./provider.ts";

const all = { rows: (body: unknown) => listIn({ body }, "body"), next: linkedNext };
const segment = encodeURIComponent;

/** Gitea, and what is like it. */
export const gitea: Provider = {
  base: (api) => `${trimmed(api)}/api/v1`,
  headers: (_user, secret) => (secret ? { authorization: `token ${secret}` } : {}),
  async repositories({ api, address }, _ask, signal) {
    const first = { path: `/orgs/${segment(address.owner)}/repos`, query: { limit: 50 } };
    return ((await api.pages(first, all, signal)) ?? []).map(repositoryOf);
  },
  async branches({ api }, { repository, all: isAll }, signal) {
    const path = `/repos/${segment(repository.organization)}/${segment(repository.name)}/branches`;
    if (isAll) return ((await api.pages({ path, query: { limit: 50 } }, all, signal)) ?? []).map(branchOf);
    const { body } = await api.get(`${path}/${encodedPath(repository.defaultBranch)}`, {}, signal);
    return body === null ? [] : [branchOf(body)];
  },
  async path({ api }, { repository, branch, path }, signal) {
    const at = `/repos/${segment(repository.organization)}/${segment(repository.name)}/contents/${encodedPath(path)}`;
    return (await api.get(at, { ref: branch.name }, signal)).body !== null;
  },
  async pulls({ api, address }, { repository }, signal) {
    const path = `/repos/${segment(address.owner)}/${segment(repository)}/pulls`;
    return (await api.pages({ path, query: { state: "open", limit: 50 } }, all, signal))?.map(pullOf) ?? null;
  },
};

function repositoryOf(row: unknown): RemoteRepository {
  return {
    organization: textIn(row, "owner", "login") || textIn(row, "owner", "username"),
    name: textIn(row, "name"),
    id: textIn(row, "id"),
    ssh: textIn(row, "ssh_url"),
    https: textIn(row, "clone_url"),
    defaultBranch: textIn(row, "default_branch"),
    labels: listIn(row, "topics").map(String),
    isArchived: memberIn(row, "archived") === true,
  };
}

function branchOf(row: unknown): RemoteBranch {
  return { name: textIn(row, "name"), sha: textIn(row, "commit", "id") };
}

function pullOf(row: unknown): RemotePull {
  return {
    number: textIn(row, "number"),
    title: textIn(row, "title"),
    branch: textIn(row, "head", "ref"),
    targetBranch: textIn(row, "base", "ref"),
    sha: textIn(row, "head", "sha"),
    author: textIn(row, "user", "login"),
    labels: listIn(row, "labels").map((label) => textIn(label, "name")),
  };
}
