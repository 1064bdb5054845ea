import type { RemoteBranch, RemotePull, RemoteRepository } from "#core/app/provider.ts";
import type { ApiAnswer } from "./provider-api.ts";
import { basic, encodedPath, listIn, memberIn, type Provider, textIn, trimmed } from "./provider.ts";

const segment = encodeURIComponent;

function pagesFrom(path: string, query: Readonly<Record<string, string>> = {}) {
  const all = { ...query, limit: "100" };
  return {
    first: { path, query: all },
    reading: {
      rows: (body: unknown) => listIn(body, "values"),
      next: ({ body }: ApiAnswer) =>
        memberIn(body, "isLastPage") === false
          ? { path, query: { ...all, start: textIn(body, "nextPageStart") } }
          : null,
    },
  };
}

/** Bitbucket on one's own server. */
export const bitbucketServer: Provider = {
  base: (api) => `${trimmed(api).replace(/\/rest$/, "")}/rest/api/1.0`,
  headers: (user, secret) => {
    if (user) return basic(user, secret);
    return secret ? { authorization: `Bearer ${secret}` } : {};
  },
  async repositories({ api, address }, _ask, signal) {
    const { first, reading } = pagesFrom(`/projects/${segment(address.owner)}/repos`);
    return ((await api.pages(first, reading, signal)) ?? []).map(repositoryOf);
  },
  async branches({ api }, { repository, all }, signal) {
    const path = `${placeOf(repository)}/branches`;
    if (!all) {
      const { body } = await api.get(`${path}/default`, {}, signal);
      return body === null ? [] : [branchOf(body)];
    }
    const { first, reading } = pagesFrom(path);
    return ((await api.pages(first, reading, signal)) ?? []).map(branchOf);
  },
  async path({ api }, { repository, branch, path }, signal) {
    const at = `${placeOf(repository)}/browse/${encodedPath(path)}`;
    return (await api.get(at, { at: branch.sha, type: true }, signal)).body !== null;
  },
  async pulls({ api, address }, { repository }, signal) {
    const path = `/projects/${segment(address.owner)}/repos/${segment(repository)}/pull-requests`;
    const { first, reading } = pagesFrom(path, { state: "OPEN" });
    return (await api.pages(first, reading, signal))?.map(pullOf) ?? null;
  },
};

function placeOf({ organization, name }: RemoteRepository): string {
  return `/projects/${segment(organization)}/repos/${segment(name)}`;
}

function repositoryOf(row: unknown): RemoteRepository {
  const clone = (name: string) => {
    return textIn(
      listIn(row, "links", "clone").find((one) => textIn(one, "name") === name),
      "href",
    );
  };
  return {
    organization: textIn(row, "project", "key"),
    name: textIn(row, "slug") || textIn(row, "name"),
    id: textIn(row, "id"),
    ssh: clone("ssh"),
    https: clone("http"),
    // It is asked for by itself, whatever its name is.
    defaultBranch: "default",
    labels: [],
    isArchived: memberIn(row, "archived") === true,
  };
}

function branchOf(row: unknown): RemoteBranch {
  return { name: textIn(row, "displayId"), sha: textIn(row, "latestCommit") };
}

function pullOf(row: unknown): RemotePull {
  return {
    number: textIn(row, "id"),
    title: textIn(row, "title"),
    branch: textIn(row, "fromRef", "displayId"),
    targetBranch: textIn(row, "toRef", "displayId"),
    sha: textIn(row, "fromRef", "latestCommit"),
    author: textIn(row, "author", "user", "name"),
    labels: [],
  };
}
