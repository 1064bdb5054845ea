import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import type { GitRemote } from "#core/source/remote.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { CloudRepositories, GitCaller, GitPassword, ServiceAccountIdentity } from "#engine/cloud-identity.ts";
import type { Repository, SourceSecrets } from "#engine/ports.ts";
import { type GitServer, startGitServer } from "#test/support/git-server.ts";
import { testCertificate } from "#test/support/test-certificate.ts";
import { gitFetcher } from "./git-fetcher.ts";
import { GitStore } from "./git-store.ts";

vi.setConfig({ testTimeout: 60_000 });

const { signal } = new AbortController();
const identity = { namespace: "apps", name: "web" } as ServiceAccountIdentity;
const authority: Resource = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "ca", namespace: "apps" },
  data: { "ca.crt": Buffer.from(testCertificate.cert).toString("base64") },
};
let git: GitServer;
let directory: string;
let store: GitStore;
let asked: GitCaller[];
let given: () => Omit<GitPassword, "expiresAt">;

const clouds: CloudRepositories = {
  gitPassword: async (caller) => {
    asked.push(caller);
    return { ...given(), expiresAt: Date.now() + 3_600_000 };
  },
};

beforeEach(async () => {
  asked = [];
  git = await startGitServer({ tls: true });
  directory = await mkdtemp(join(tmpdir(), "holdfast-store-"));
  store = new GitStore({ directory });
});

afterEach(async () => {
  await store.close();
  await git.stop();
  await rm(directory, { recursive: true, force: true });
});

function open(cloud: GitRemote["cloud"] & string, secrets: SourceSecrets = {}, url = git.url("apps")): Repository {
  const remote: GitRemote = { kind: "git", submodules: true, cloud };
  return gitFetcher(store, clouds).open({ url, remote }, { credential: authority, ...secrets });
}

async function synced(repository: Repository): Promise<string> {
  const [result] = await repository.sync([{ kind: "branch", value: "main" }], { timeoutMs: 20_000 }, signal);
  if (result === undefined || "error" in result) throw result?.error ?? new Error("no result");
  return result.commit;
}

test("a token is shown to the server as it is, beside the authority of the Secret", async () => {
  const commit = await git.commit("apps", { "a.yaml": "a" });
  git.behaviour.bearer = "canary";
  given = () => ({ username: null, password: "canary" });
  expect(await synced(open("azure", { identity }))).toBe(commit);
  expect(asked[0]).toEqual({ cloud: "azure", url: git.url("apps"), identity, hasOwnAuthority: true });
});

test("a user and a password are shown as such, newly given ones from then on", async () => {
  const commit = await git.commit("apps", { "a.yaml": "a" });
  for (const password of ["one", "two"]) {
    git.behaviour.basic = { username: "AKIA%session", password };
    given = () => ({ username: "AKIA%session", password });
    expect(await synced(open("aws"))).toBe(commit);
  }
  expect(asked[0]?.identity).toBeNull();
});

test("a submodule on the same server is asked for with a password of its own", async () => {
  const commit = await git.commit("base", { "b.yaml": "b" });
  await git.commit("apps", {
    ".gitmodules": '[submodule "base"]\n\tpath = base\n\turl = ../base.git\n',
    base: { submodule: commit },
  });
  git.behaviour.bearer = "canary";
  given = () => ({ username: null, password: "canary" });
  const repository = open("azure");
  await repository.tree(await synced(repository), signal);
  expect(new Set(asked.map(({ url }) => url))).toEqual(new Set([git.url("apps"), git.url("base")]));
});

test("what a cloud says is the error, and what it gave is never told", async () => {
  await git.commit("apps", { "a.yaml": "a" });
  given = () => {
    throw new SourceError("auth", "Cannot get an Azure token: nobody knows you");
  };
  await expect(synced(open("azure"))).rejects.toThrow("nobody knows you");
  git.behaviour.bearer = "other";
  given = () => ({ username: null, password: "canary" });
  const failed = synced(open("azure"));
  await expect(failed).rejects.toMatchObject({ failure: "auth" });
  await expect(failed).rejects.not.toThrow("canary");
});
