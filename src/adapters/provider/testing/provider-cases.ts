import type { ProviderName, RemoteRepository } from "#core/app/provider.ts";
import type { Recorded } from "./provider-server.ts";

/** A service with what it answers and what is to be read from that. */
export interface ProviderCase {
  readonly provider: ProviderName;
  readonly api: string;
  readonly owner: string;
  readonly project?: string;
  readonly user?: string;
  readonly proof: Readonly<Record<string, string>>;
  readonly answers: Readonly<Record<string, Recorded>>;
  readonly repository: Partial<RemoteRepository>;
  readonly second?: string;
  /** What the pull request is asked for by. */
  readonly pulls: { readonly repository: string; readonly author: string; readonly labels: readonly string[] };
}

/** The token or password of all. */
export const SECRET = "s3cret";

/** The commit that everything is at. */
export const SHA = "0123456789abcdef0123456789abcdef01234567";
const basic = (user: string) => ({ authorization: `Basic ${Buffer.from(`${user}:${SECRET}`).toString("base64")}` });
/** A repository as GitHub tells of it. */
export const githubRepository = (name: string) => ({
  id: 7,
  name,
  owner: { login: "acme" },
  ssh_url: `git@example:acme/${name}.git`,
  clone_url: `https://example/acme/${name}.git`,
  default_branch: "main",
  topics: ["web"],
  archived: false,
});
const bitbucketLinks = (name: string, https: string) => ({
  clone: [
    { name: https, href: `https://example/acme/${name}.git` },
    { name: "ssh", href: `git@example:acme/${name}.git` },
  ],
});

/** One of each service. */
export const cases: readonly ProviderCase[] = [
  {
    provider: "github",
    api: "/api/v3/",
    owner: "acme",
    proof: { authorization: `Bearer ${SECRET}` },
    repository: { organization: "acme", name: "web", id: "7", labels: ["web"] },
    second: "db",
    pulls: { repository: "web", author: "ada", labels: ["preview"] },
    answers: {
      "/api/v3/orgs/acme/repos?per_page=100": (url) => ({
        body: [githubRepository("web")],
        headers: { link: `<${url}/api/v3/orgs/acme/repos?per_page=100&page=2>; rel="next", <${url}/x>; rel="last"` },
      }),
      "/api/v3/orgs/acme/repos?per_page=100&page=2": { body: [githubRepository("db")] },
      "/api/v3/repos/acme/web/branches/main": { body: { name: "main", commit: { sha: SHA } } },
      "/api/v3/repos/acme/web/branches": {
        body: [
          { name: "main", commit: { sha: SHA } },
          { name: "next", commit: { sha: SHA } },
        ],
      },
      "/api/v3/repos/acme/web/contents/deploy/a%20b.yaml?ref=main": { body: { type: "file" } },
      "/api/v3/repos/acme/web/pulls": {
        body: [
          {
            number: 4,
            title: "T",
            head: { ref: "feat", sha: SHA },
            base: { ref: "main" },
            user: { login: "ada" },
            labels: [{ name: "preview" }],
          },
        ],
      },
    },
  },
  {
    provider: "gitea",
    api: "",
    owner: "acme",
    proof: { authorization: `token ${SECRET}` },
    repository: { organization: "acme", name: "web", id: "7", labels: ["web"] },
    pulls: { repository: "web", author: "ada", labels: ["preview"] },
    answers: {
      "/api/v1/orgs/acme/repos": { body: [githubRepository("web")] },
      "/api/v1/repos/acme/web/branches/main": { body: { name: "main", commit: { id: SHA } } },
      "/api/v1/repos/acme/web/branches": {
        body: [
          { name: "main", commit: { id: SHA } },
          { name: "next", commit: { id: SHA } },
        ],
      },
      "/api/v1/repos/acme/web/contents/deploy/a%20b.yaml?ref=main": { body: { type: "file" } },
      "/api/v1/repos/acme/web/pulls": {
        body: [
          {
            number: 4,
            title: "T",
            head: { ref: "feat", sha: SHA },
            base: { ref: "main" },
            user: { login: "ada" },
            labels: [{ name: "preview" }],
          },
        ],
      },
    },
  },
  {
    provider: "gitlab",
    api: "",
    owner: "acme/team",
    proof: { "private-token": SECRET },
    repository: { organization: "acme/team", name: "web", id: "7", labels: ["web"] },
    pulls: { repository: "acme/web", author: "ada", labels: ["preview"] },
    answers: {
      "/api/v4/groups/acme%2Fteam/projects?per_page=100&include_subgroups=true&with_shared=false&topic=web": {
        body: [
          {
            id: 7,
            path: "web",
            namespace: { full_path: "acme/team" },
            ssh_url_to_repo: "git@example:acme/web.git",
            http_url_to_repo: "https://example/acme/web.git",
            default_branch: "main",
            topics: ["web"],
            archived: false,
          },
        ],
      },
      "/api/v4/projects/7/repository/branches/main": { body: { name: "main", commit: { id: SHA } } },
      "/api/v4/projects/7/repository/branches": {
        body: [
          { name: "main", commit: { id: SHA } },
          { name: "next", commit: { id: SHA } },
        ],
      },
      "/api/v4/projects/7/repository/tree?ref=main&path=deploy&per_page=100": { body: [{ name: "a b.yaml" }] },
      "/api/v4/projects/acme%2Fweb/merge_requests?per_page=100&state=opened&labels=preview": {
        body: [
          {
            iid: 4,
            title: "T",
            source_branch: "feat",
            target_branch: "main",
            sha: SHA,
            author: { username: "ada" },
            labels: ["preview"],
          },
        ],
      },
    },
  },
  {
    provider: "bitbucket",
    api: "/2.0",
    owner: "acme",
    user: "ada",
    proof: basic("ada"),
    repository: { organization: "acme", name: "web", id: "{7}", labels: [] },
    second: "db",
    pulls: { repository: "web", author: "ada", labels: [] },
    answers: {
      "/2.0/repositories/acme?pagelen=100": (url) => ({
        body: {
          values: [{ slug: "web", uuid: "{7}", links: bitbucketLinks("web", "https"), mainbranch: { name: "main" } }],
          next: `${url}/2.0/repositories/acme?pagelen=100&page=2`,
        },
      }),
      "/2.0/repositories/acme?pagelen=100&page=2": {
        body: { values: [{ slug: "db", uuid: "{8}", links: {}, mainbranch: { name: "main" } }] },
      },
      "/2.0/repositories/acme/web/refs/branches/main": { body: { name: "main", target: { hash: SHA } } },
      "/2.0/repositories/acme/web/refs/branches": {
        body: {
          values: [
            { name: "main", target: { hash: SHA } },
            { name: "next", target: { hash: SHA } },
          ],
        },
      },
      [`/2.0/repositories/acme/web/src/${SHA}/deploy/a%20b.yaml?format=meta`]: { body: {} },
      "/2.0/repositories/acme/web/pullrequests": {
        body: {
          values: [
            {
              id: 4,
              title: "T",
              source: { branch: { name: "feat" }, commit: { hash: SHA } },
              destination: { branch: { name: "main" } },
              author: { nickname: "ada" },
            },
          ],
        },
      },
    },
  },
  {
    provider: "bitbucketServer",
    api: "",
    owner: "ACME",
    proof: { authorization: `Bearer ${SECRET}` },
    repository: { organization: "ACME", name: "web", id: "7", labels: [] },
    second: "db",
    pulls: { repository: "web", author: "ada", labels: [] },
    answers: {
      "/rest/api/1.0/projects/ACME/repos?limit=100": {
        body: {
          isLastPage: false,
          nextPageStart: 1,
          values: [{ id: 7, slug: "web", project: { key: "ACME" }, links: bitbucketLinks("web", "http") }],
        },
      },
      "/rest/api/1.0/projects/ACME/repos?limit=100&start=1": {
        body: { isLastPage: true, values: [{ id: 8, slug: "db", project: { key: "ACME" }, links: {} }] },
      },
      "/rest/api/1.0/projects/ACME/repos/web/branches/default": { body: { displayId: "main", latestCommit: SHA } },
      "/rest/api/1.0/projects/ACME/repos/web/branches": {
        body: {
          isLastPage: true,
          values: [
            { displayId: "main", latestCommit: SHA },
            { displayId: "next", latestCommit: SHA },
          ],
        },
      },
      [`/rest/api/1.0/projects/ACME/repos/web/browse/deploy/a%20b.yaml?at=${SHA}&type=true`]: {
        body: { type: "FILE" },
      },
      "/rest/api/1.0/projects/ACME/repos/web/pull-requests": {
        body: {
          isLastPage: true,
          values: [
            {
              id: 4,
              title: "T",
              fromRef: { displayId: "feat", latestCommit: SHA },
              toRef: { displayId: "main" },
              author: { user: { name: "ada" } },
            },
          ],
        },
      },
    },
  },
  {
    provider: "azureDevOps",
    api: "",
    owner: "acme",
    project: "team",
    proof: basic(""),
    repository: { organization: "acme", name: "web", id: "7", labels: [] },
    pulls: { repository: "web", author: "ada", labels: ["preview"] },
    answers: {
      "/acme/team/_apis/git/repositories": {
        body: {
          value: [
            {
              id: "7",
              name: "web",
              remoteUrl: "https://example/acme/web.git",
              sshUrl: "git@example:acme/web.git",
              defaultBranch: "refs/heads/main",
            },
            { id: "9", name: "off", isDisabled: true },
          ],
        },
      },
      "/acme/team/_apis/git/repositories/7/stats/branches?api-version=7.0&name=main": {
        body: { name: "main", commit: { commitId: SHA } },
      },
      "/acme/team/_apis/git/repositories/7/stats/branches?api-version=7.0": {
        body: {
          value: [
            { name: "main", commit: { commitId: SHA } },
            { name: "next", commit: { commitId: SHA } },
          ],
        },
      },
      "/acme/team/_apis/git/repositories/7/items": { body: {} },
      "/acme/team/_apis/git/repositories/web/pullrequests": {
        body: {
          value: [
            {
              pullRequestId: 4,
              title: "T",
              sourceRefName: "refs/heads/feat",
              targetRefName: "refs/heads/main",
              lastMergeSourceCommit: { commitId: SHA },
              createdBy: { uniqueName: "ada@example" },
              labels: [{ name: "preview" }],
            },
          ],
        },
      },
    },
  },
];
