import type { RemoteBranch, RemotePull, RemoteRepository } from "#core/app/provider.ts";
import { linkedNext, listIn, memberIn, type Provider, textIn, trimmed } from "./provider.ts";

const all = { rows: (body: unknown) => listIn({ body }, "body"), next: linkedNext };
const segment = encodeURIComponent;

/** GitLab, also one's own. */
export const gitlab: Provider = {
  base: (api) => `${trimmed(api) || "https://gitlab.com"}/api/v4`.replace(/(\/api\/v4)+$/, "/api/v4"),
  headers: (_user, secret) => (secret ? { "private-token": secret } : {}),
  async repositories({ api, address }, { subgroups, shared, topic }, signal) {
    const query = { per_page: 100, include_subgroups: subgroups, with_shared: shared, ...(topic && { topic }) };
    const first = { path: `/groups/${segment(address.owner)}/projects`, query };
    return ((await api.pages(first, all, signal)) ?? []).map(repositoryOf);
  },
  async branches({ api }, { repository, all: isAll }, signal) {
    const path = `/projects/${repository.id}/repository/branches`;
    if (isAll) return ((await api.pages({ path, query: { per_page: 100 } }, all, signal)) ?? []).map(branchOf);
    const { body } = await api.get(`${path}/${segment(repository.defaultBranch)}`, {}, signal);
    return body === null ? [] : [branchOf(body)];
  },
  /** Folders are no files here: the folder around shows both. */
  async path({ api }, { repository, branch, path }, signal) {
    const parts = path.split("/").filter((part) => part !== "");
    const query = { ref: branch.name, path: parts.slice(0, -1).join("/"), per_page: 100 };
    const rows = await api.pages({ path: `/projects/${repository.id}/repository/tree`, query }, all, signal);
    return (rows ?? []).some((row) => textIn(row, "name") === parts.at(-1));
  },
  async pulls({ api, address }, { repository, labels, state }, signal) {
    const query = { per_page: 100, ...(state && { state }), ...(labels.length > 0 && { labels: labels.join(",") }) };
    const path = `/projects/${segment(repository || address.owner)}/merge_requests`;
    return (await api.pages({ path, query }, all, signal))?.map(pullOf) ?? null;
  },
};

function repositoryOf(row: unknown): RemoteRepository {
  return {
    organization: textIn(row, "namespace", "full_path"),
    name: textIn(row, "path"),
    id: textIn(row, "id"),
    ssh: textIn(row, "ssh_url_to_repo"),
    https: textIn(row, "http_url_to_repo"),
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
    number: textIn(row, "iid"),
    title: textIn(row, "title"),
    branch: textIn(row, "source_branch"),
    targetBranch: textIn(row, "target_branch"),
    sha: textIn(row, "sha"),
    author: textIn(row, "author", "username"),
    labels: listIn(row, "labels").map(String),
  };
}
