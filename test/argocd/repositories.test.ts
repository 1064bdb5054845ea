import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type GitServer, startGitServer } from "../support/git-server.ts";
import { testCertificate } from "../support/test-certificate.ts";
import { configMap, useArgoWorld } from "./argo-world.ts";
import { configure, declare } from "./installation-secrets.ts";

const world = useArgoWorld({ withNodes: false });
const { signal } = new AbortController();
const CANARY = "canary-9f3c1e";

/** Every text in which a secret could show itself, its base64 included. */
async function shownTexts(): Promise<string> {
  const kind = { group: "argoproj.io", version: "v1alpha1", kind: "Application", plural: "applications" };
  const info = { ...kind, namespaced: true, verbs: ["list"] };
  const apps = await world.client.list(info, {}, { signal });
  const { lines, audit } = world.engine;
  return JSON.stringify([apps, [...world.events], lines, audit]);
}

function expectNoSecret(text: string): void {
  expect(text).not.toContain(CANARY);
  expect(text).not.toContain(Buffer.from(`ada:${CANARY}`).toString("base64").slice(4, -4));
}

async function project(name: string, spec: Record<string, unknown> = {}): Promise<void> {
  const metadata = { name, namespace: "argocd" };
  const all = { destinations: [{ server: "*", namespace: "*" }], ...spec };
  await world.client.apply(
    { apiVersion: "argoproj.io/v1alpha1", kind: "AppProject", metadata, spec: all },
    { manager: "test", signal },
  );
}

describe("a repository that wants to know who asks", () => {
  let git: GitServer;
  beforeAll(async () => {
    git = await startGitServer();
    git.behaviour.basic = { username: "ada", password: `${CANARY}-1` };
  });
  afterAll(() => git.stop());

  test("opens as soon as a template is there for it, and again after its password was changed", async () => {
    const app = world.app("login");
    const first = await git.commit("login", { "app/a.yaml": configMap("a") });
    await app.create({ source: { repoURL: git.url("login") } });
    const refused = await app.until("it is refused", ({ conditions }) => conditions.length > 0);
    expect(refused.conditions.join()).toMatch(/^ComparisonError: .*(authentication|denied|credentials)/i);

    const template = { url: git.address, username: "ada" };
    await declare(world.client, { name: "t", type: "repo-creds", data: { ...template, password: `${CANARY}-1` } });
    await app.settled(first);

    git.behaviour.basic = { username: "ada", password: `${CANARY}-2` };
    const second = await git.commit("login", { "app/a.yaml": configMap("a", "2") });
    await declare(world.client, { name: "t", type: "repo-creds", data: { ...template, password: `${CANARY}-2` } });
    await app.settled(second);
    expectNoSecret(await shownTexts());
    await world.client.delete(
      { apiVersion: "v1", kind: "Secret", namespace: "argocd", name: "t" },
      {
        uid:
          (await world.client.get({ apiVersion: "v1", kind: "Secret", namespace: "argocd", name: "t" }, { signal }))
            ?.metadata.uid ?? "",
        signal,
      },
    );
  });

  test("belongs to one project alone: its apps may use it, and no other's get its password", async () => {
    await project("owners", { sourceRepos: [] });
    await project("others", { sourceRepos: ["*"] });
    const url = git.url("scoped");
    const commit = await git.commit("scoped", { "app/a.yaml": configMap("a") });
    const { password = "" } = git.behaviour.basic ?? {};
    const data = { url, project: "owners", username: "ada", password };
    await declare(world.client, { name: "scoped", type: "repository", data });
    const [owner, other] = [world.app("scoped-owner"), world.app("scoped-other")];
    await owner.create({ source: { repoURL: url }, spec: { project: "owners" } });
    await owner.settled(commit);
    await other.create({ source: { repoURL: url }, spec: { project: "others" } });
    const refused = await other.until("it is refused", ({ conditions }) => conditions.length > 0);
    expect(refused.conditions.join()).toMatch(/^ComparisonError/);
    expect(await other.config("a")).toBeNull();
    expectNoSecret(await shownTexts());
  });

  test("is also a base of kustomizations, opened by the Secrets that are there for its address", async () => {
    const app = world.app("private-base");
    await git.commit("bases", { "kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": configMap("a") });
    const address = `${git.url("bases")}?ref=main`;
    await app.commit({ "kustomization.yaml": `resources: ["${address}"]\n` });
    await app.create();
    const refused = await app.until("it is refused", ({ conditions }) => conditions.length > 0);
    expect(refused.conditions.join()).toMatch(/remote base .* cannot be fetched/);
    const { username = "", password = "" } = git.behaviour.basic ?? {};
    const data = { url: git.address, username, password };
    await declare(world.client, { name: "bases", type: "repo-creds", data });
    await app.until("it is synced", ({ sync }) => sync === "Synced");
    expect(await app.config("a")).toEqual({ value: "1" });
    expectNoSecret(await shownTexts());
  });

  test("declared by a malformed Secret stops its own apps, by the name of the entry, and no others", async () => {
    const url = world.git.url("malformed");
    const data = { url, insecure: `yes-${CANARY}` };
    await declare(world.client, { name: "malformed", type: "repository", data });
    const [bad, good] = [world.app("malformed"), world.app("wellformed")];
    await bad.commit({ "a.yaml": configMap("a") });
    const commit = await good.commit({ "a.yaml": configMap("a") });
    await bad.create();
    await good.create();
    await good.settled(commit);
    const refused = await bad.until("it is refused", ({ conditions }) => conditions.length > 0);
    expect(refused.conditions).toEqual([
      "InvalidSpecError: Secret argocd/malformed: insecure is neither true nor false",
    ]);
    await declare(world.client, { name: "malformed", type: "repository", data: { url, insecure: "true" } });
    await bad.until("it goes on", ({ sync, conditions }) => sync === "Synced" && conditions.length === 0);
    expectNoSecret(await shownTexts());
  });
});

describe("a repository behind a certificate that nobody knows", () => {
  let git: GitServer;
  beforeAll(async () => {
    git = await startGitServer({ tls: true });
  });
  afterAll(() => git.stop());

  test("opens without a check where its Secret says so, and for all once the authority is known", async () => {
    const [insecure, verified] = [world.app("insecure"), world.app("verified")];
    for (const { name } of [insecure, verified]) await git.commit(name, { "app/a.yaml": configMap("a") });
    const data = { url: git.url("insecure"), insecure: "true" };
    await declare(world.client, { name: "insecure", type: "repository", data });
    for (const app of [insecure, verified]) await app.create({ source: { repoURL: git.url(app.name) } });
    await insecure.until("it is synced", ({ sync }) => sync === "Synced");
    const refused = await verified.until("it is refused", ({ conditions }) => conditions.length > 0);
    expect(refused.conditions.join()).toMatch(/certificate/);
    await configure(world.client, "argocd-tls-certs-cm", { "127.0.0.1": testCertificate.cert });
    await verified.until("it is synced", ({ sync }) => sync === "Synced");
  });
});
