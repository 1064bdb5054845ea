import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCli } from "../support/cli-program.ts";
import { temporaryDirectory } from "../support/control-plane.ts";
import { type RawObject, signedFile, signedObjects, signerNames, signers } from "../support/signed-objects.ts";
import { configMap, type TestApp, useArgoWorld } from "./argo-world.ts";
import { configure, declare } from "./installation-secrets.ts";

const world = useArgoWorld({ withNodes: false });
const { signal } = new AbortController();

async function project(name: string, spec: Record<string, unknown> = {}): Promise<void> {
  const metadata = { name, namespace: "argocd" };
  const all = { sourceRepos: ["*"], destinations: [{ server: "*", namespace: "*" }], ...spec };
  await world.client.apply(
    { apiVersion: "argoproj.io/v1alpha1", kind: "AppProject", metadata, spec: all },
    { manager: "test", signal },
  );
}

/** Schedule and length of a window that began a minute ago or begins in some, by the clock of UTC. */
function windowAt(offsetMinutes: number, rest: Record<string, unknown>): Record<string, unknown> {
  const at = new Date(Date.now() + offsetMinutes * 60_000);
  const schedule = `${at.getUTCMinutes()} ${at.getUTCHours()} * * *`;
  return { schedule, duration: "30m", timeZone: "UTC", applications: ["*"], ...rest };
}

const automated = { syncPolicy: { automated: { selfHeal: true, prune: true } } };

describe("sync windows", () => {
  test("an active denial keeps everything from being written, and says so, until it is gone", async () => {
    await project("shut", { syncWindows: [windowAt(-2, { kind: "deny" })] });
    const app = world.app("window-deny");
    const commit = await app.commit({ "a.yaml": configMap("a") });
    await app.create({ spec: { project: "shut", ...automated } });
    const told = await app.until("the window is told", ({ conditions }) => /deny window/.test(conditions.join()));
    expect(told.sync).toBe("OutOfSync");
    expect(told.conditions.join()).toMatch(
      /paused until .*Z: deny window '\d+ \d+ \* \* \*' for 30m \(UTC\) is active/,
    );
    expect(await app.config("a")).toBeNull();
    await project("shut", { syncWindows: [windowAt(60, { kind: "deny" })] });
    expect((await app.settled(commit)).conditions).toEqual([]);
  });

  test("a person's order goes through where the blocking windows let people sync", async () => {
    await project("manual", { syncWindows: [windowAt(60, { kind: "allow", manualSync: true })] });
    const app = world.app("window-manual");
    const commit = await app.commit({ "a.yaml": configMap("a") });
    await app.create({ spec: { project: "manual", ...automated } });
    await app.until("the window is told", ({ conditions }) => /allow window .* is not active/.test(conditions.join()));
    await app.operate({ revision: commit });
    await app.settled(commit);
  });

  test("that are malformed stop the project's applications by their place, and no others", async () => {
    await project("odd", { syncWindows: [windowAt(0, { kind: "deny", timeZone: "Mars/Olympus" })] });
    const [odd, other] = [world.app("window-odd"), world.app("window-other")];
    await odd.commit({ "a.yaml": configMap("a") });
    const commit = await other.commit({ "a.yaml": configMap("a") });
    await odd.create({ spec: { project: "odd" } });
    await other.create();
    const refused = await odd.until("it is refused", ({ conditions }) => conditions.length > 0);
    expect(refused.conditions).toEqual([
      "InvalidSpecError: AppProject odd: spec.syncWindows[0]: cannot parse 'Mars/Olympus' as time zone",
    ]);
    await other.settled(commit);
  });
});

describe("signatures", () => {
  test("only commits that a key of the project signed are used, of the keys that the installation knows", async () => {
    const { pgp, stranger } = signedObjects;
    const name = "signed";
    const place = async (object: RawObject) => {
      for (const value of ["1", "2", "3"]) {
        await world.git.commit(name, signedFile(value), { branch: `value-${value}` });
      }
      const path = join(world.git.directory, "object");
      await writeFile(path, object.content);
      await world.git.git(name, "hash-object", "-t", object.type, "-w", path);
      await world.git.git(name, "update-ref", "refs/heads/main", object.hash);
    };
    await place(stranger);
    await project("signing", { signatureKeys: [{ keyID: signerNames.pgp }] });
    const app = world.app(name);
    await app.create({ spec: { project: "signing", ...automated } });
    const words = `signature verification of commit '${stranger.hash}' failed`;
    await app.until("it is refused", ({ conditions }) => conditions.join().includes(words));
    expect(await app.config("a")).toBeNull();
    await place(pgp);
    await app.refresh();
    await app.until("no key is known", ({ conditions }) => conditions.join().includes(pgp.hash));
    await configure(world.client, "argocd-gpg-keys-cm", { [signerNames.pgp]: signers.pgp });
    await app.settled(pgp.hash);
    expect(await app.config("a")).toEqual({ value: "1" });
  });
});

describe("commands", () => {
  const run = async (...args: string[]) => {
    const home = await temporaryDirectory();
    return await runCli({ home, kubeconfig: world.plane.kubeconfigPath }, args);
  };

  test("tell the windows of an application, and which one it waits for", async () => {
    await project("told", { syncWindows: [windowAt(-2, { kind: "deny", manualSync: true })] });
    const app = world.app("window-told");
    await app.commit({ "a.yaml": configMap("a") });
    await app.create({ spec: { project: "told", ...automated } });
    await app.until("the window is told", ({ conditions }) => conditions.length > 0);
    const windows = await run("windows", "app/window-told", "-n", "argocd", "-o", "json");
    expect(JSON.parse(windows.out)).toMatchObject({
      app: "app/argocd/window-told",
      controller: false,
      people: true,
      windows: [{ active: true }],
    });
    const why = await run("why", "app/window-told", "-n", "argocd");
    expect(why.out).toMatch(/sync-window: deny window .* is active, until .*Z/);
    expect(why.out).toContain("People may sync it: holdfast sync app/argocd/window-told");
    expect((await run("windows", "app/window-told", "-n", "argocd", "--at", "soon")).code).toBe(2);
  });

  test("tell what a project permits, and by which rule", async () => {
    const denied = [{ group: "", kind: "Secret" }];
    await project("asked", { destinations: [{ server: "*", namespace: "in-*" }], namespaceResourceBlacklist: denied });
    const app = world.app("asked");
    await app.commit({ "a.yaml": configMap("a") });
    await app.create({ spec: { project: "asked" } });
    const may = (...words: string[]) => run("project", "can", "app/asked", "deploy", ...words);
    const yes = await may("deploy", "to", "in-shop");
    expect(yes.out).toMatch(/may, by project asked/);
    expect(yes.out).toContain("spec.destinations[0] (*, in-*)");
    expect(yes.out).toMatch(/kind Deployment\.apps +allowed/);
    const elsewhere = await may("Deployment.apps", "to", "kube-system");
    expect([elsewhere.code, elsewhere.out]).toEqual([
      5,
      expect.stringContaining("no entry of spec.destinations matches"),
    ]);
    expect((await may("secret")).out).toContain("spec.namespaceResourceBlacklist[0] denies it");
    expect((await may("namespace")).out).toContain("no entry of spec.clusterResourceWhitelist matches");
    expect((await run("project", "can", "app/asked", "eat", "cake")).code).toBe(2);
  });

  test("list projects, clusters and repositories without what they are opened with", async () => {
    const config = JSON.stringify({ bearerToken: "canary-77aa" });
    await declare(world.client, {
      name: "c",
      type: "cluster",
      data: { name: "c", server: "https://c.example", config },
    });
    await declare(world.client, {
      name: "r",
      type: "repository",
      data: { url: "https://r.example/x", password: "canary-77aa" },
    });
    await declare(world.client, { name: "b", type: "cluster", data: { name: "b", server: "nowhere" } });
    await project("listed");
    const [projects, clusters, repositories] = await Promise.all(
      ["projects", "clusters", "repos"].map((what) => run("get", what)),
    );
    expect(projects?.out).toMatch(/listed +\* +\*\/\*/);
    expect(clusters?.out).toMatch(/c +https:\/\/c\.example +all +- +token +argocd\/c/);
    expect(clusters?.out).toContain("Secret argocd/b: server is no http or https address of an API server");
    expect(repositories?.out).toMatch(/https:\/\/r\.example\/x +git +repository +- +password +argocd\/r/);
    expect(JSON.stringify([clusters, repositories])).not.toContain("canary-77aa");
  });

  test("judge the windows of a project offline", async () => {
    const folder = await temporaryDirectory();
    const file = join(folder, "project.yaml");
    const syncWindows = [
      { kind: "allow", schedule: "0 22 * * *", duration: "1h", timeZone: "Europe/Berlin", namespaces: ["shop"] },
    ];
    const spec = { project: "p", destination: { namespace: "shop", name: "in-cluster" } };
    const objects = [
      { apiVersion: "argoproj.io/v1alpha1", kind: "AppProject", metadata: { name: "p" }, spec: { syncWindows } },
      { apiVersion: "argoproj.io/v1alpha1", kind: "Application", metadata: { name: "shop" }, spec },
    ];
    await writeFile(file, objects.map((object) => JSON.stringify(object)).join("\n---\n"));
    const at = (time: string) => run("eval", "windows", "-f", file, "--app", "shop", "--at", time, "-o", "json");
    expect(JSON.parse((await at("2026-07-01T20:30:00Z")).out)).toMatchObject({
      controller: true,
      windows: [{ active: true, changes: "2026-07-01T21:00:00.000Z" }],
    });
    expect(JSON.parse((await at("2026-07-01T21:30:00Z")).out)).toMatchObject({
      controller: false,
      by: "allow window '0 22 * * *' for 1h (Europe/Berlin) is not active",
      windows: [{ active: false, changes: "2026-07-02T20:00:00.000Z" }],
    });
  });
});

describe("service accounts of destinations", () => {
  const rbac = "rbac.authorization.k8s.io";

  async function deployerIn(app: TestApp): Promise<void> {
    const metadata = { name: "deployer", namespace: app.namespace };
    const rules = [{ apiGroups: [""], resources: ["configmaps"], verbs: ["*"] }];
    const subjects = [{ kind: "ServiceAccount", ...metadata }];
    for (const object of [
      { apiVersion: "v1", kind: "ServiceAccount", metadata },
      { apiVersion: `${rbac}/v1`, kind: "Role", metadata, rules },
      {
        apiVersion: `${rbac}/v1`,
        kind: "RoleBinding",
        metadata,
        roleRef: { apiGroup: rbac, kind: "Role", name: "deployer" },
        subjects,
      },
    ]) {
      await world.client.apply(object, { manager: "test", signal });
    }
  }

  test("are whom applications act as, with their rights and no others, where the installation says so", async () => {
    await configure(world.client, "argocd-cm", { "application.sync.impersonation.enabled": "true" });
    const destinationServiceAccounts = [{ server: "*", namespace: "in-acting", defaultServiceAccount: "deployer" }];
    await project("acting", { destinationServiceAccounts });
    const [app, nobody] = [world.app("acting"), world.app("acting-nobody")];
    const first = await app.commit({ "a.yaml": configMap("a") });
    await nobody.commit({ "a.yaml": configMap("a") });
    await app.create({ spec: { project: "acting", ...automated } });
    await deployerIn(app);
    await app.settled(first);
    const secret = "{apiVersion: v1, kind: Secret, metadata: {name: s}}";
    const second = await app.commit({ "b.yaml": secret });
    await app.refresh();
    const failed = await app.until("it is refused", ({ message }) =>
      /system:serviceaccount:in-acting:deployer/.test(message),
    );
    expect(failed.message).toContain('cannot patch resource "secrets"');
    expect(second).not.toBe(first);
    await nobody.create({ spec: { project: "acting" } });
    const refused = await nobody.until("it is refused", ({ conditions }) => conditions.length > 0);
    expect(refused.conditions.join()).toContain("no matching service account found for destination server");
    await configure(world.client, "argocd-cm", {});
    await nobody.until("it goes on as the controller", ({ conditions }) => conditions.length === 0);
  });
});

describe("applications in other namespaces", () => {
  test("are served where the installation and their project name the namespace, and nowhere else", async ({
    expect,
  }) => {
    await world.client.apply(
      { apiVersion: "v1", kind: "Namespace", metadata: { name: "team-a" } },
      { manager: "test", signal },
    );
    await project("teams", { sourceNamespaces: ["team-*"] });
    const app = world.app("any-namespace");
    await app.commit({ "a.yaml": configMap("a") });
    await world.client.apply(
      { apiVersion: "v1", kind: "Namespace", metadata: { name: app.namespace } },
      { manager: "test", signal },
    );
    const ref = { apiVersion: "argoproj.io/v1alpha1", kind: "Application", namespace: "team-a", name: app.name };
    const { apiVersion, kind, ...metadata } = ref;
    const source = { repoURL: app.url, path: "app", targetRevision: "main" };
    const destination = { name: "in-cluster", namespace: app.namespace };
    const spec = { project: "teams", source, destination, ...automated };
    await world.client.apply({ apiVersion, kind, metadata, spec }, { manager: "test", signal });
    const conditions = async () => JSON.stringify((await world.client.get(ref, { signal }))?.["status"] ?? {});
    await expect.poll(conditions).toContain("application.namespaces of argocd-cmd-params-cm");
    await configure(world.client, "argocd-cmd-params-cm", { "application.namespaces": "other,/^team-[a-z]$/" });
    await expect.poll(() => app.config("a")).toEqual({ value: "1" });
    const live = await app.object("ConfigMap", "a");
    expect(live?.metadata.annotations?.["argocd.argoproj.io/tracking-id"]).toMatch(/^team-a_any-namespace:/);
  });
});

test("global projects limit the projects that they select, as soon as they are there", async () => {
  await project("limited");
  const app = world.app("globally-limited");
  await app.commit({ "a.yaml": configMap("a") });
  await app.create({ spec: { project: "limited", ...automated } });
  await app.until("it is synced", ({ sync }) => sync === "Synced");
  await configure(world.client, "argocd-cm", {
    globalProjects:
      "- {projectName: everywhere, labelSelector: {matchExpressions: [{key: free, operator: DoesNotExist}]}}",
  });
  await project("everywhere", { namespaceResourceBlacklist: [{ group: "", kind: "ConfigMap" }] });
  const second = await app.commit({ "a.yaml": configMap("a", "2") });
  await app.refresh();
  const refused = await app.until("it is refused", ({ message }) =>
    /is not permitted in project limited/.test(message),
  );
  expect(refused.message).toContain("spec.namespaceResourceBlacklist[0] denies it");
  expect(await app.config("a")).toEqual({ value: "1" });
  await configure(world.client, "argocd-cm", { "cluster.inClusterEnabled": "false" });
  const disabled = /is disabled: cluster\.inClusterEnabled of argocd-cm is false/;
  await app.until("the cluster is disabled", ({ conditions }) => disabled.test(conditions.join()));
  await configure(world.client, "argocd-cm", {});
  await app.settled(second);
});
