import { beforeAll, expect, test } from "vitest";
import { conditionOf } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import { type Ended, runCli } from "./support/cli-program.ts";
import { temporaryDirectory } from "./support/control-plane.ts";
import { useEngineWorld } from "./support/engine-world.ts";
import { eventually } from "./support/eventually.ts";

const world = useEngineWorld({ withNodes: false });
const { signal } = new AbortController();
let home: string;

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "web:1"}]}
`;
const inner = `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: inner, namespace: flux-system}
spec: {interval: 1m, prune: true, path: ./inner, sourceRef: {kind: GitRepository, name: outer}}
`;
const settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: default}\ndata: {a: one}\n";

beforeAll(async () => {
  home = await temporaryDirectory();
  await world.git.commit("outer", { "app/inner.yaml": inner, "inner/web.yaml": deployment, "inner/cm.yaml": settings });
  await holdfast("create", "kustomization", "outer", "--url", world.git.url("outer"), "--path", "./app");
  await eventually("a pod's maker is there", async () => (await made()) !== undefined);
  const api = { apiVersion: "kustomize.toolkit.fluxcd.io/v1", kind: "Kustomization", namespace: "flux-system" };
  for (const name of ["outer", "inner"]) {
    await eventually(`${name} is ready`, async () => {
      const app = await world.client.get({ ...api, name }, { signal });
      return app !== null && conditionOf(app, "Ready")?.status === "True";
    });
  }
});

function holdfast(...args: string[]): Promise<Ended> {
  return runCli({ home, kubeconfig: world.plane.kubeconfigPath }, args);
}

/** The ReplicaSet that the cluster made of the Deployment. */
async function made(): Promise<Resource | undefined> {
  const found = await world.client.kind({ group: "apps", kind: "ReplicaSet" }, { signal });
  if (found.known !== "yes") return undefined;
  const [set] = await world.client.list(found.info, { namespace: "default" }, { signal });
  return set;
}

test("tree shows objects with health, what they made, and the objects of apps below", async () => {
  const replicaSet = (await made())?.metadata.name ?? "";
  const { code, out } = await holdfast("tree", "outer", "-o", "json");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    app: "ks/flux-system/outer",
    state: "Ready",
    notes: [],
    objects: [
      {
        id: "kustomize.toolkit.fluxcd.io/Kustomization/flux-system/inner",
        children: [
          { id: "/ConfigMap/default/settings", health: "Current", children: [] },
          {
            id: "apps/Deployment/default/web",
            health: "InProgress",
            children: [{ id: `apps/ReplicaSet/default/${replicaSet}` }],
          },
        ],
      },
    ],
  });
  const shown = await holdfast("tree", "ks/outer");
  expect(shown.out).toMatch(
    /^ks\/flux-system\/outer is Ready at .*\n└── Kustomization\/flux-system\/inner .*\n {4}├── ConfigMap\/default\/settings Current\n {4}└── Deployment\/default\/web InProgress.*\n {8}└── ReplicaSet/,
  );
});

test("tree names what is missing", async () => {
  await holdfast("suspend", "ks/inner");
  const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "settings" };
  const uid = (await world.client.get(ref, { signal }))?.metadata.uid ?? "";
  await world.client.delete(ref, { uid, signal });
  expect((await holdfast("tree", "ks/inner")).out).toContain("ConfigMap/default/settings NotFound");
  await holdfast("resume", "ks/inner");
  await eventually("it is back", async () => (await world.client.get(ref, { signal })) !== null);
});

test("trace goes from an object over its makers to the apps above, and to the commit", async () => {
  const replicaSet = (await made())?.metadata.name ?? "";
  const { code, out } = await holdfast("trace", `replicasets/${replicaSet}`, "-o", "json");
  expect(code).toBe(0);
  const head = await world.git.git("outer", "rev-parse", "main");
  const commit = { subject: await world.git.git("outer", "log", "-1", "--format=%s", "main") };
  const common = { source: "GitRepository/flux-system/outer", url: world.git.url("outer"), ref: "main" };
  const revision = `main@sha1:${head}`;
  expect(JSON.parse(out)).toMatchObject({
    object: `apps/ReplicaSet/default/${replicaSet}`,
    owners: ["apps/Deployment/default/web"],
    apps: [
      { app: "ks/flux-system/inner", path: "inner", revision, commit, ...common },
      { app: "ks/flux-system/outer", path: "app", revision, commit, ...common },
    ],
    notes: [],
  });
  const shown = await holdfast("trace", "cm/settings", "-n", "default");
  expect(shown.out).toMatch(/^ConfigMap\/default\/settings\n {2}owned by {2}ks\/flux-system\/inner/);
});

test("trace says that no app owns an object, what is not there, and what nobody knows", async () => {
  const stray = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "stray", namespace: "default" } };
  await world.client.apply(stray, { manager: "test", signal });
  const { code, out } = await holdfast("trace", "configmap/stray");
  expect([code, out]).toEqual([0, "ConfigMap/default/stray\n  No app owns it.\n"]);
  const gone = await holdfast("trace", "configmap/gone");
  expect([gone.code, gone.err]).toEqual([4, expect.stringContaining("in namespace default")]);
  const slip = await holdfast("trace", "deploymnt/web");
  expect([slip.code, slip.err]).toEqual([2, expect.stringContaining("Did you mean deployment?")]);
  expect((await holdfast("trace", "web")).code).toBe(2);
});

test("trace tells the owner also when the repository cannot be read", async () => {
  await world.git.stop();
  const { code, out, err } = await holdfast("trace", "cm/settings");
  expect([code, out]).toEqual([0, expect.stringContaining("owned by  ks/flux-system/inner")]);
  expect(err).toContain("cannot be read");
});
