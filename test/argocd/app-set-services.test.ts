import { createHmac, generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { freePort } from "#adapters/cluster/free-port.ts";
import { startProviderServer } from "#adapters/provider/testing/provider-server.ts";
import { configMap, useArgoWorld } from "./argo-world.ts";
import { setsIn } from "./set-world.ts";

const { signal } = new AbortController();
const webhooks = { host: "127.0.0.1", port: await freePort(signal) };
const world = useArgoWorld({ withNodes: false, run: { webhooks } });
const { apply, names, templateOf, untilNames, untilSet } = setsIn(world);

describe.concurrent("an ApplicationSet", () => {
  test("follows the pull requests of a service, whose last preview may go, and keeps all while it does not answer", async () => {
    const service = await startProviderServer();
    const path = "/api/v1/repos/acme/web/pulls";
    const pull = (number: number) => ({
      number,
      title: "T",
      head: { ref: `feature/${number}`, sha: "0123456789abcdef0123456789abcdef01234567" },
      base: { ref: "main" },
      user: { login: "ada" },
      labels: [],
    });
    try {
      service.answers.set(path, { body: [pull(1), pull(2)] });
      const secret = {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "gitea", namespace: "argocd" },
        stringData: { token: "t0ken" },
      };
      await world.client.apply(secret, { manager: "test", signal });
      const gitea = { owner: "acme", repo: "web", api: service.url, tokenRef: { secretName: "gitea", key: "token" } };
      await apply("pulls", {
        goTemplate: true,
        generators: [{ pullRequest: { gitea, requeueAfterSeconds: 1 } }],
        template: {
          metadata: { name: "pulls-{{.number}}", labels: { branch: "{{.branch_slug}}" } },
          spec: templateOf(world.git.url("pulls"), "none"),
        },
      });
      await untilNames("pulls", ["pulls-1", "pulls-2"]);
      expect(service.requests[0]?.headers["authorization"]).toBe("token t0ken");
      service.answers.set(path, { body: {}, status: 500 });
      await untilSet(
        "pulls",
        "it fails",
        ({ conditions }) => conditions[0]?.includes("the service answers 500") ?? false,
      );
      expect(await names("pulls")).toEqual(["pulls-1", "pulls-2"]);
      service.answers.set(path, { body: [pull(2)] });
      await untilNames("pulls", ["pulls-2"]);
      service.answers.set(path, { body: [] });
      await untilNames("pulls", []);
    } finally {
      await service.stop();
    }
  });

  test("asks GitHub as an app whose data a Secret holds", async () => {
    const service = await startProviderServer();
    try {
      const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
      const expires_at = new Date(Date.now() + 3_600_000).toISOString();
      service.answers.set("/app/installations/77/access_tokens", { body: { token: "t0ken", expires_at }, status: 201 });
      const repository = { id: 1, name: "web", owner: { login: "acme" }, clone_url: "x", default_branch: "main" };
      service.answers.set("/orgs/acme/repos", { body: [repository] });
      const sha = "0123456789abcdef0123456789abcdef01234567";
      service.answers.set("/repos/acme/web/branches/main", { body: { name: "main", commit: { sha } } });
      const stringData = {
        githubAppID: "4711",
        githubAppInstallationID: "77",
        githubAppPrivateKey: privateKey.export({ type: "pkcs1", format: "pem" }).toString(),
      };
      const metadata = { name: "github-app", namespace: "argocd" };
      const github = { organization: "acme", api: service.url, appSecretName: metadata.name };
      await apply("as-app", {
        goTemplate: true,
        generators: [{ scmProvider: { github, requeueAfterSeconds: 1 } }],
        template: {
          metadata: { name: "as-app-{{.repository}}" },
          spec: templateOf(world.git.url("as-app"), "none"),
        },
      });
      await untilSet(
        "as-app",
        "the Secret is missed",
        ({ conditions }) => conditions[0]?.includes("Secret argocd/github-app does not exist") ?? false,
      );
      await world.client.apply({ apiVersion: "v1", kind: "Secret", metadata, stringData }, { manager: "test", signal });
      await untilNames("as-app", ["as-app-web"]);
      expect(service.requests.at(-1)?.headers["authorization"]).toBe("Bearer t0ken");
      const tokens = service.requests.filter(({ path }) => path.endsWith("/access_tokens"));
      expect(tokens).toHaveLength(1);
    } finally {
      await service.stop();
    }
  });

  test("asks a service of one's own, and the status of another object", async () => {
    const service = await startProviderServer();
    try {
      service.answers.set("/api/v1/getparams.execute", {
        body: { output: { parameters: [{ size: 3 }, { size: 4 }] } },
      });
      const config = (name: string, data: Record<string, string>) =>
        world.client.apply(
          { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "argocd" }, data },
          { manager: "test", signal },
        );
      const secret = {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "plugin", namespace: "argocd" },
        stringData: { token: "t0ken" },
      };
      await world.client.apply(secret, { manager: "test", signal });
      await config("plugin", { baseUrl: service.url, token: "$plugin:token" });
      await config("decider", {
        apiVersion: "argoproj.io/v1alpha1",
        kind: "applications",
        statusListKey: "resources",
        matchKey: "name",
      });
      await world.client.apply(
        {
          apiVersion: "argoproj.io/v1alpha1",
          kind: "Application",
          metadata: {
            name: "decider",
            namespace: "argocd",
            annotations: { "argocd.argoproj.io/skip-reconcile": "true" },
          },
          spec: templateOf(world.git.url("decider"), "none"),
          status: { resources: [{ name: "in-cluster", kind: "east" }] },
        },
        { manager: "test", signal },
      );
      const plugin = { configMapRef: { name: "plugin" }, input: { parameters: { tier: "web" } } };
      const clusterDecisionResource = { configMapRef: "decider", name: "decider" };
      await apply("asking", {
        goTemplate: true,
        generators: [{ matrix: { generators: [{ plugin }, { clusterDecisionResource }] } }],
        template: {
          metadata: { name: "asking-{{.generator.input.parameters.tier}}-{{.size}}-{{.kind}}" },
          spec: { ...templateOf(world.git.url("asking"), "none"), destination: { server: "{{.server}}" } },
        },
      });
      await untilNames("asking", ["asking-web-3-east", "asking-web-4-east"]);
      expect(service.requests[0]).toMatchObject({
        headers: { authorization: "Bearer t0ken", "content-type": "application/json" },
        sent: '{"applicationSetName":"asking","input":{"parameters":{"tier":"web"}}}',
      });
    } finally {
      await service.stop();
    }
  });
});

describe("a webhook", () => {
  const send = (event: string, repository: object) => {
    const body = JSON.stringify({ repository });
    const signature = createHmac("sha256", "s3cret").update(body).digest("hex");
    const headers = { "x-github-event": event, "x-hub-signature-256": `sha256=${signature}` };
    return fetch(`http://127.0.0.1:${webhooks.port}/api/webhook`, { method: "POST", headers, body });
  };

  test("makes Applications and sets look at once, of which nothing else would have told for minutes", async () => {
    const metadata = { name: "argocd-secret", namespace: "argocd" };
    const stringData = { "webhook.github.secret": "s3cret" };
    await world.client.apply({ apiVersion: "v1", kind: "Secret", metadata, stringData }, { manager: "test", signal });
    const service = await startProviderServer();
    const path = "/api/v1/repos/acme/hooked/pulls";
    const pull = { number: 7, title: "T", head: { ref: "f", sha: "0".repeat(40) }, base: { ref: "main" }, labels: [] };
    try {
      service.answers.set(path, { body: [] });
      const gitea = { owner: "acme", repo: "hooked", api: service.url };
      await apply("hooked", {
        generators: [{ pullRequest: { gitea, requeueAfterSeconds: 3_600 } }],
        template: { metadata: { name: "hooked-{{number}}" }, spec: templateOf(world.git.url("hooked"), "none") },
      });
      const app = world.app("told-by-webhook");
      await app.commit({ "a.yaml": configMap("a") });
      await app.create();
      await app.until("it is synced", ({ sync }) => sync === "Synced");
      const second = await app.commit({ "a.yaml": configMap("a", "2") });
      expect((await send("push", { html_url: app.url.replace(/\.git$/, "") })).status).toBe(200);
      await app.settled(second);
      await expect.poll(() => service.requests.length, { timeout: 20_000 }).toBeGreaterThan(0);
      service.answers.set(path, { body: [pull] });
      expect((await send("pull_request", { html_url: "https://git.example/acme/hooked" })).status).toBe(200);
      await untilNames("hooked", ["hooked-7"]);
    } finally {
      await service.stop();
    }
  });
});
