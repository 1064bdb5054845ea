import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import type { ObjectRef } from "#engine/ports.ts";
import { ChartServer } from "../support/chart-server.ts";
import { runCli } from "../support/cli-program.ts";
import { temporaryDirectory, useControlPlane } from "../support/control-plane.ts";
import { adminClient } from "../support/engine.ts";
import { eventually } from "../support/eventually.ts";
import { configMap, dataOf, type Space, useFluxWorld } from "./flux-world.ts";
import { configTemplate, HelmSpace } from "./helm-space.ts";

const world = useFluxWorld();
const other = useControlPlane();
const { signal } = new AbortController();
let remote: ConnectedCluster;
let server: ChartServer;
let kubeconfig: string;

beforeAll(async () => {
  remote = adminClient(other());
  kubeconfig = await readFile(other().kubeconfigPath, "utf8");
  server = await new ChartServer().start();
  server.publish("web", "1.0.0", {
    files: { "values.yaml": "color: blue\n", "templates/a.yaml": configTemplate("a") },
  });
});
afterAll(async () => {
  await remote?.close();
  await server?.stop();
});

const there = (ref: ObjectRef) => remote.get(ref, { signal });

/** A namespace on both clusters, and the kubeconfig of the other one in a Secret. */
async function spaceOn(name: string, stringData: Record<string, string> = { value: kubeconfig }): Promise<Space> {
  const space = await world().space(name);
  await remote.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } }, { manager: "test", signal });
  const metadata = { name: "other", namespace: name };
  await world().apply({ apiVersion: "v1", kind: "Secret", metadata, stringData });
  return space;
}

interface Kubeconfig {
  readonly users: readonly object[];
  readonly clusters: readonly object[];
}

function changed(how: (config: Kubeconfig) => object): string {
  return JSON.stringify(how(JSON.parse(kubeconfig) as Kubeconfig));
}

const kubeConfig = { secretRef: { name: "other" } };

describe.concurrent("an app whose kubeconfig names another cluster", () => {
  test("a Kustomization applies, heals and prunes there, and leaves its own cluster alone", async () => {
    const space = await spaceOn("remote-life");
    const first = await space.commit({ "app/a.yaml": configMap("a"), "app/b.yaml": configMap("b") });
    await space.kustomization({ kubeConfig, wait: true });
    await space.applied(first);
    expect(dataOf(await there(space.configMap("a")))).toEqual({ value: "1" });
    expect(await world().get(space.configMap("a"))).toBeNull();
    await remote.patch(
      space.configMap("a"),
      { data: { value: "by hand" } },
      { type: "merge", manager: "hand", signal },
    );
    const home = await temporaryDirectory();
    const tree = async () => {
      const shown = await runCli({ home, kubeconfig: world().kubeconfigPath }, ["tree", "ks/remote-life/remote-life"]);
      return shown.out + shown.err;
    };
    expect(await tree()).toMatch(/ConfigMap.*a.*Current/);
    await eventually("the drift is healed", async () => dataOf(await there(space.configMap("a")))?.["value"] === "1");
    await space.applied(await space.commit({ "app/b.yaml": null }));
    await eventually("what left is pruned", async () => (await there(space.configMap("b"))) === null);
    await world().delete(space.kustomizationRef());
    await space.gone(space.kustomizationRef());
    expect(await there(space.configMap("a"))).toBeNull();
  });

  test("a HelmRelease is installed there with its records, and removed", async () => {
    const space = await spaceOn("remote-release");
    const helm = new HelmSpace(world(), space, server.url);
    await helm.release("web", "1.0.0", { kubeConfig });
    await helm.ready(1);
    expect(dataOf(await there(space.configMap("remote-release-a")))).toEqual({ color: "blue" });
    const record = space.at("v1", "Secret", "sh.helm.release.v1.remote-release.v1");
    expect(await there(record)).not.toBeNull();
    expect(await world().get(record)).toBeNull();
    await helm.remove();
    expect(await there(space.configMap("remote-release-a"))).toBeNull();
    expect(await there(record)).toBeNull();
  });

  test("what is wrong with the kubeconfig is said, never its content, and ends when it is put right", async () => {
    const space = await spaceOn("remote-wrong", { config: "x" });
    const commit = await space.commit({ "app/a.yaml": configMap("a") });
    await space.kustomization({ kubeConfig });
    await space.says("kubeconfig Secret 'remote-wrong/other' has no key 'value' or 'value.yaml'");
    const put = (value: string) =>
      world().patch(space.at("v1", "Secret", "other"), { stringData: { value } }, { manager: "test" });
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "/bin/true", interactiveMode: "Never" };
    await put(changed((config) => ({ ...config, users: [{ ...config.users[0], user: { exec } }] })));
    await space.says("kubeconfig Secret 'remote-wrong/other': ");
    await put(kubeconfig);
    await space.applied(commit);
    await world().delete(space.at("v1", "Secret", "other"));
    await space.says("kubeconfig Secret 'remote-wrong/other' not found");
  });

  test("a cluster that does not answer is told of by its own apps alone", async () => {
    const server = { server: "https://127.0.0.1:1" };
    const dead = changed((config) => ({ ...config, clusters: [{ ...config.clusters[0], cluster: server }] }));
    const space = await spaceOn("remote-dead", { value: dead });
    const commit = await space.commit({ "app/a.yaml": configMap("a") });
    await space.kustomization({ kubeConfig }, "dead");
    await space.kustomization({}, "alive");
    await space.applied(commit, "alive");
    await space.says("127.0.0.1:1", { ref: space.kustomizationRef("dead") });
  });
});
