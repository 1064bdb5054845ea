import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { runCli } from "./support/cli-program.ts";
import { eventually } from "./support/eventually.ts";
import { FleetCluster, fleetFolder, FleetServers } from "./fleet-world.ts";

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

let servers: FleetServers;
let cluster: FleetCluster;

describe("the example fleet, from an empty cluster", () => {
  beforeEach(async () => {
    servers = await FleetServers.start();
    cluster = await FleetCluster.start(servers);
  });
  afterEach(async () => {
    await cluster.stop();
    await servers.stop();
  });

  test("gets ready in one run, as the cluster's settings say, and its tenant stays in its namespace", async () => {
    await cluster.bootstrap("staging");
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
    await cluster.poke("GitRepository", "team-blue/apps");
    const said = await eventually("the tenant is refused", async () => {
      const { "Kustomization/team-blue/apps": text = "" } = await cluster.report();
      return text.includes("forbidden") && text;
    });
    expect(said).toMatch(/ConfigMap\/shop\/intruder.*User "system:serviceaccount:team-blue:team-blue" cannot patch/s);
    expect(await cluster.get("v1", "ConfigMap", "shop/intruder")).toBeNull();
  });

  test("gets ready although the controller is killed between releases and amid one, and does nothing twice", async () => {
    await cluster.bootstrap("staging");
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
    await cluster.bootstrap("production");
    await cluster.startController();
    const applies = () => cluster.proxy.requests.some(({ path }) => path.endsWith("/router/listeners/public"));
    await eventually("the second stage is at work", applies, 60_000);
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

/** What `holdfast render` prints for a folder of the example, without a cluster. */
async function rendered(folder: string): Promise<readonly Resource[]> {
  const args = ["render", join(fleetFolder, folder), "--dialect", "flux", "--output", "json"];
  const { code, out, err } = await runCli({ home: tmpdir(), kubeconfig: "/nowhere" }, args);
  if (code !== 0) throw new Error(`render ended with ${code}: ${err}`);
  return JSON.parse(out) as Resource[];
}

function containerOf(deployment: Resource | null): unknown {
  const spec = deployment?.["spec"] as { template: { spec: { containers: readonly unknown[] } } } | undefined;
  return spec?.template.spec.containers[0];
}
