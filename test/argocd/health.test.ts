import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCli } from "../support/cli-program.ts";
import { configMap, deployment, useArgoWorld } from "./argo-world.ts";

const { signal } = new AbortController();
const world = useArgoWorld();
const HEALTH = "resource.customizations.health";

/** Says what an annotation says. */
const BY_ANNOTATION = `
local state = (obj.metadata.annotations or {})["test/state"]
return {status = state or "Progressing", message = "as noted"}
`;
/** An Application is as well as it says. */
const BY_STATUS = `
if obj.status ~= nil and obj.status.health ~= nil then
  return {status = obj.status.health.status, message = obj.status.health.message}
end
return {status = "Progressing", message = "it has not been looked at"}
`;

async function customize(data: Readonly<Record<string, string>>): Promise<void> {
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "argocd-cm", namespace: "argocd" }, data };
  await world.client.apply(object, { manager: "test", signal });
}

beforeAll(() =>
  customize({ [`${HEALTH}.ConfigMap`]: BY_ANNOTATION, [`${HEALTH}.argoproj.io_Application`]: BY_STATUS }),
);
afterAll(() => customize({}));

const note = (state: string) => ({ metadata: { annotations: { "test/state": state } } });

test("a script of the installation says how objects do, and waves wait for it", { timeout: 60_000 }, async () => {
  const app = world.app("scripted");
  const commit = await app.commit({
    "first.yaml": configMap("first"),
    "second.yaml": configMap("second", "1", { "argocd.argoproj.io/sync-wave": "1", "test/state": "Healthy" }),
  });
  await app.create();
  await app.until("waits for the first wave", ({ health, phase }) => health === "Progressing" && phase === "Running");
  expect(await app.config("second")).toBeNull();
  await app.edit("ConfigMap", "first", note("Healthy"));
  await app.settled(commit);
  await app.edit("ConfigMap", "first", note("Degraded"));
  const broken = await app.until("is degraded", ({ health }) => health === "Degraded");
  expect(broken.sync).toBe("Synced");
  const home = await mkdtemp(join(tmpdir(), "holdfast-tree-"));
  const tree = await runCli({ home, kubeconfig: world.plane.kubeconfigPath }, ["tree", "app/scripted", "-o", "json"]);
  expect([tree.err, tree.out]).toEqual(["", expect.stringMatching(/"Degraded"[^}]*"as noted"/)]);
  await rm(home, { recursive: true, force: true });
});

test("a script that never ends makes its objects Unknown and nothing else", { timeout: 60_000 }, async () => {
  const app = world.app("endless");
  const other = world.app("beside");
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "s" } };
  await app.commit({ "secret.yaml": JSON.stringify(secret) });
  const commit = await other.commit({ "map.yaml": configMap("map", "1", { "test/state": "Healthy" }) });
  await customize({ [`${HEALTH}.ConfigMap`]: BY_ANNOTATION, [`${HEALTH}.Secret`]: "while true do end" });
  await app.create();
  await other.create();
  await other.settled(commit);
  await app.until("is unknown", ({ health, sync }) => health === "Unknown" && sync === "Synced");
  await customize({ [`${HEALTH}.ConfigMap`]: BY_ANNOTATION, [`${HEALTH}.Secret`]: "return {status = 'Healthy'}" });
  await app.until("is healthy", ({ health }) => health === "Healthy");
  await customize({ [`${HEALTH}.ConfigMap`]: BY_ANNOTATION, [`${HEALTH}.argoproj.io_Application`]: BY_STATUS });
});

test("an Application waits for the Applications of its first wave", { timeout: 60_000 }, async () => {
  const parent = world.app("parent");
  const child = world.app("child");
  await child.commit({ "map.yaml": configMap("map") });
  const nested = {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name: child.name, namespace: "argocd" },
    spec: {
      project: "default",
      source: { repoURL: child.url, path: "app", targetRevision: "main" },
      destination: { server: "https://kubernetes.default.svc", namespace: parent.namespace },
      syncPolicy: { automated: {} },
    },
  };
  const later = configMap("later", "1", { "argocd.argoproj.io/sync-wave": "1", "test/state": "Healthy" });
  const commit = await parent.commit({ "child.yaml": JSON.stringify(nested), "later.yaml": later });
  await parent.create();
  await child.until("is on its way", ({ health, sync }) => health === "Progressing" && sync === "Synced");
  expect(parent.now()["status"]).toMatchObject({ operationState: { phase: "Running" } });
  expect(await parent.config("later")).toBeNull();
  const map = await parent.object("ConfigMap", "map");
  expect(map?.metadata.name).toBe("map");
  await parent.edit("ConfigMap", "map", note("Healthy"));
  await child.until("is healthy", ({ health }) => health === "Healthy");
  await parent.settled(commit);
});

test("Applications that hold each other are healthy, say so, and can be deleted", { timeout: 60_000 }, async () => {
  await customize({ [`${HEALTH}.argoproj.io_Application`]: BY_STATUS });
  const [left, right] = [world.app("left"), world.app("right")];
  const applicationOf = (app: typeof left) => ({
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name: app.name, namespace: "argocd", finalizers: ["resources-finalizer.argocd.argoproj.io"] },
    spec: {
      project: "default",
      source: { repoURL: app.url, path: "app", targetRevision: "main" },
      destination: { server: "https://kubernetes.default.svc", namespace: left.namespace },
      syncPolicy: { automated: { prune: true, selfHeal: true } },
    },
  });
  await left.commit({ "app.yaml": JSON.stringify(applicationOf(right)), "map.yaml": configMap("of-left") });
  await right.commit({ "app.yaml": JSON.stringify(applicationOf(left)), "map.yaml": configMap("of-right") });
  await left.create({ metadata: { finalizers: ["resources-finalizer.argocd.argoproj.io"] } });
  for (const app of [left, right]) {
    const settled = await app.until("is healthy in a circle", ({ health, sync, conditions }) => {
      return health === "Healthy" && sync === "Synced" && conditions.some((one) => one.includes("in a circle"));
    });
    expect(settled.conditions.join()).toMatch(/argocd\/(left|right) -> argocd\/(left|right)/);
  }
  await left.delete();
  expect(await left.config("of-left")).toBeNull();
  expect(await left.config("of-right")).toBeNull();
});

const COPY = `
discovery.lua: |
  return {copy = {params = {{name = "to"}}}, take = {disabled = true}, escape = {}}
definitions:
- name: copy
  action.lua: |
    local made = {apiVersion = "v1", kind = "ConfigMap", metadata = {namespace = obj.metadata.namespace}, data = obj.data}
    made.metadata.name = actionParams.to
    return {{operation = "create", resource = made}}
- name: take
  action.lua: return {}
- name: escape
  action.lua: |
    local role = {apiVersion = "rbac.authorization.k8s.io/v1", kind = "ClusterRole", metadata = {name = "escaped"}}
    return {{operation = "create", resource = role}}
`;

test(
  "actions are listed and done by their kind's rules and by scripts, within the project",
  { timeout: 90_000 },
  async () => {
    const home = await mkdtemp(join(tmpdir(), "holdfast-actions-"));
    const holdfast = (...args: string[]) =>
      runCli({ home, kubeconfig: world.plane.kubeconfigPath }, ["actions", ...args]);
    try {
      await customize({ "resource.customizations.actions.ConfigMap": COPY });
      const limits = { sourceRepos: ["*"], destinations: [{ server: "*", namespace: "*" }] };
      const metadata = { name: "narrow", namespace: "argocd" };
      const project = { apiVersion: "argoproj.io/v1alpha1", kind: "AppProject", metadata, spec: limits };
      await world.client.apply(project, { manager: "test", signal });
      const app = world.app("acted");
      const commit = await app.commit({ "web.yaml": deployment("web"), "map.yaml": configMap("map") });
      await app.create({ spec: { project: "narrow" } });
      await app.settled(commit);

      const listed = await holdfast("list", "app/acted", "deployment/web", "-o", "json");
      expect(listed.err).toBe("");
      const names = (JSON.parse(listed.out) as { name: string; disabled: boolean }[]).map(({ name }) => name);
      expect(names).toEqual(["restart", "pause", "resume", "scale"]);
      const restarted = await holdfast("run", "app/acted", "deployment/web", "restart");
      expect([restarted.err, restarted.out]).toEqual(["", "restart: patched apps/Deployment/in-acted/web\n"]);
      const web = await app.object("Deployment", "web");
      expect(JSON.stringify(web?.["spec"])).toContain("kubectl.kubernetes.io/restartedAt");

      const copied = await holdfast("run", "app/acted", "cm/map", "copy", "--param", "to=twin");
      expect([copied.err, copied.out]).toEqual(["", "copy: created /ConfigMap/in-acted/twin\n"]);
      expect(await app.config("twin")).toEqual({ value: "1" });
      expect((await holdfast("run", "app/acted", "cm/map", "take")).err).toContain("means nothing for the object");
      expect((await holdfast("run", "app/acted", "cm/twin", "copy")).err).toContain(
        "it is no object of app/argocd/acted",
      );
      const escaped = await holdfast("run", "app/acted", "cm/map", "escape");
      expect(escaped.err).toContain("is not permitted in project narrow");
      const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", name: "escaped" };
      expect(await world.client.get(role, { signal })).toBeNull();
      expect(app.now()["status"]).toMatchObject({ sync: { status: "Synced" } });
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  },
);
