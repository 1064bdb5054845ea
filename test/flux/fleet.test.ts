import { tmpdir } from "node:os";
import { join } from "node:path";
import { readFile } from "node:fs/promises";
import { loadAll } from "js-yaml";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { runCli } from "../support/cli-program.ts";
import { eventually } from "../support/eventually.ts";
import { type Fleet, FleetCluster, FleetServers } from "../support/fleet-world.ts";
import { conditionOf, type FluxStatus } from "./flux-world.ts";

const everything = [
  "GitRepository/flux-system/fleet",
  "GitRepository/team-blue/apps",
  "HelmChart/router/router-router",
  "HelmRepository/router/stable",
  "OCIRepository/collector/collector",
  "OCIRepository/shop/web",
  "Kustomization/flux-system/apps",
  "Kustomization/flux-system/fleet",
  "Kustomization/flux-system/infra-configs",
  "Kustomization/flux-system/infra-controllers",
  "Kustomization/flux-system/tenants",
  "Kustomization/team-blue/apps",
  "HelmRelease/collector/collector",
  "HelmRelease/router/router",
  "HelmRelease/shop/shop",
];
const released = ["collector.v1 deployed", "router.v1 deployed", "shop.v1 deployed"];

const folder = join(import.meta.dirname, "../../examples/fleet");
const fleet: Fleet = {
  folder,
  reporting: [
    { group: "source.toolkit.fluxcd.io", kind: "GitRepository" },
    { group: "source.toolkit.fluxcd.io", kind: "HelmChart" },
    { group: "source.toolkit.fluxcd.io", kind: "HelmRepository" },
    { group: "source.toolkit.fluxcd.io", kind: "OCIRepository" },
    { group: "kustomize.toolkit.fluxcd.io", kind: "Kustomization" },
    { group: "helm.toolkit.fluxcd.io", kind: "HelmRelease" },
  ],
  stateOf: (object) => {
    const status = (object["status"] ?? {}) as FluxStatus;
    const ready = conditionOf(status, "Ready");
    const isOfNow = (ready?.observedGeneration ?? status.observedGeneration) === object.metadata.generation;
    return isOfNow && ready?.status === "True" ? "Ready" : `${ready?.status} ${ready?.message}`;
  },
  publish: async (at) => {
    at.charts.publish("router", "1.4.0", { packed: await at.chart("charts/router") });
    await at.pushChart("charts/collector", "charts/collector", "0.9.1");
    await at.pushChart("charts/web", "charts/web", "1.2.0");
    await at.git.commit("team-blue/apps", await at.files("team-blue"));
  },
  insecure: (text, registry) =>
    text.replaceAll(/oci:\/\/registry\.example\.com(.*)/g, `oci://${registry}$1\n  insecure: true`),
};

let servers: FleetServers;
let cluster: FleetCluster;

describe("the example fleet, from an empty cluster", () => {
  beforeEach(async () => {
    servers = await FleetServers.start(fleet);
    cluster = await FleetCluster.start(servers);
  });
  afterEach(async () => {
    await cluster.stop();
    await servers.stop();
  });

  test("gets ready in one run, as the cluster's settings say, and its tenant stays in its namespace", async () => {
    await bootstrap("staging");
    await cluster.startController();
    expect(await cluster.allReady(everything.length)).toEqual(everything);
    expect(await cluster.records()).toEqual(released);
    expect(containerOf(await cluster.get("apps/v1", "Deployment", "notes/notes"))).toMatchObject({
      image: "registry.example.com/notes:1.9.0",
      env: [{ name: "PUBLIC_HOST", value: "notes.staging.shop.example" }],
    });
    expect(containerOf(await cluster.get("apps/v1", "Deployment", "shop/shop"))).toMatchObject({
      image: "registry.example.com/shop:2.4.0-rc.1",
      env: [{ value: "shop.staging.shop.example" }, { value: "debug" }, {}],
    });
    const secret = await cluster.get("v1", "Secret", "shop/shop-database");
    expect(secret?.["data"]).toEqual({ password: btoa("staging-and-worthless") });
    const listener = await cluster.get("router.example.com/v1", "Listener", "router/public");
    expect(listener?.["spec"]).toEqual({ host: "*.staging.shop.example", port: 443 });
    const labels = await cluster.get("v1", "ConfigMap", "collector/collector");
    expect(labels?.["data"]).toEqual({ "labels.json": '{"cluster":"staging"}' });

    const actors = new Map((await cluster.creations()).map(({ object, actor }) => [object, actor]));
    const tenant = "system:serviceaccount:team-blue:team-blue";
    expect(actors.get("deployments/team-blue/board")).toBe(tenant);
    expect(actors.get("deployments/notes/notes")).toBe("holdfast");
    const outside = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: intruder, namespace: shop}\n";
    await servers.git.commit("team-blue/apps", { "outside.yaml": outside });
    const source = { apiVersion: "source.toolkit.fluxcd.io/v1", kind: "GitRepository" };
    const asked = { "reconcile.fluxcd.io/requestedAt": new Date().toISOString() };
    await cluster.annotate({ ...source, namespace: "team-blue", name: "apps" }, asked);
    const said = await eventually("the tenant is refused", async () => {
      const { "Kustomization/team-blue/apps": text = "" } = await cluster.report();
      return text.includes("forbidden") && text;
    });
    expect(said).toMatch(/ConfigMap\/shop\/intruder.*User "system:serviceaccount:team-blue:team-blue" cannot patch/s);
    expect(await cluster.get("v1", "ConfigMap", "shop/intruder")).toBeNull();
  });

  test("gets ready although the controller is killed between releases and amid one, and does nothing twice", async () => {
    await bootstrap("staging");
    await cluster.startController();
    for (const object of ["router/listeners/public", "shop/deployments/shop"]) {
      await cluster.killControllerAt({ method: "PATCH", path: new RegExp(`/namespaces/${object}$`) });
      await cluster.startController();
    }
    expect(await cluster.allReady(everything.length)).toEqual(everything);
    expect(await cluster.records()).toEqual(released);
    const created = (await cluster.creations()).map(({ object }) => object);
    const again = created.filter((object, index) => created.indexOf(object) !== index);
    // A release that was interrupted is done again from its beginning, its hooks included.
    expect(again).toEqual(["jobs/shop/shop-migrate"]);
  });

  test("gets ready although the API server goes away and comes back, and is left alone from then on", async () => {
    await bootstrap("production");
    await cluster.startController();
    const applies = () => cluster.proxy.requests.some(({ path }) => path.endsWith("/router/listeners/public"));
    await eventually("the second stage is at work", applies);
    await cluster.plane.killApiServer();
    await pause(500);
    await cluster.plane.restartApiServer(new AbortController().signal);
    expect(await cluster.allReady(everything.length)).toEqual(everything);
    expect(await cluster.records()).toEqual(released);
    const secret = await cluster.get("v1", "Secret", "shop/shop-database");
    expect(secret?.["data"]).toEqual({ password: btoa("production-and-worthless") });
    expect((await cluster.get("apps/v1", "Deployment", "router/router"))?.["spec"]).toMatchObject({ replicas: 3 });
    await pause(2_000);
    expect(await cluster.requestsWithin(5_000)).toEqual({});
  });
});

test("the apps of both clusters render offline, and differ in what each cluster has of its own", async () => {
  const [staging, production] = await Promise.all([rendered("apps/staging"), rendered("apps/production")]);
  const names = (objects: readonly Resource[]) =>
    objects.map(({ kind, metadata }) => `${kind}/${metadata.name.replace(/^shop-values-.*/, "shop-values-<hash>")}`);
  expect(names(production).filter((name) => !names(staging).includes(name))).toEqual(["PodDisruptionBudget/notes"]);
  expect(names(staging).filter((name) => !names(production).includes(name))).toEqual([]);
  const of = (objects: readonly Resource[], kind: string, name: string) =>
    objects.find((object) => object.kind === kind && object.metadata.name.startsWith(name));
  const replicas = (objects: readonly Resource[]) => of(objects, "Deployment", "notes")?.["spec"];
  expect(replicas(staging)).toMatchObject({ replicas: 1 });
  expect(replicas(production)).toMatchObject({ replicas: 2 });
  const values = of(production, "ConfigMap", "shop-values");
  expect(values?.["data"]).toEqual({ "values.yaml": "replicas: 3\nlogLevel: warn\n" });
  expect(of(production, "HelmRelease", "shop")?.["spec"]).toMatchObject({
    valuesFrom: [{ kind: "ConfigMap", name: values?.metadata.name }, { name: "shop-credentials" }],
  });
});

/** What the example's README says to do by hand. */
async function bootstrap(name: "staging" | "production"): Promise<void> {
  const key = await readFile(join(folder, "demo.agekey"), "utf8");
  const metadata = { name: "sops-age", namespace: "flux-system" };
  const files = await servers.files(`clusters/${name}`);
  await cluster.apply([
    { apiVersion: "v1", kind: "Secret", metadata, stringData: { "age.agekey": key } },
    ...(loadAll(files["fleet.yaml"] ?? "") as Resource[]),
  ]);
}

/** What `holdfast render` prints for a folder of the example, without a cluster. */
async function rendered(of: string): Promise<readonly Resource[]> {
  const args = ["render", join(fleet.folder, of), "--dialect", "flux", "--output", "json"];
  const { code, out, err } = await runCli({ home: tmpdir(), kubeconfig: "/nowhere" }, args);
  if (code !== 0) throw new Error(`render ended with ${code}: ${err}`);
  return JSON.parse(out) as Resource[];
}

function containerOf(deployment: Resource | null): unknown {
  const spec = deployment?.["spec"] as { template: { spec: { containers: readonly unknown[] } } } | undefined;
  return spec?.template.spec.containers[0];
}
