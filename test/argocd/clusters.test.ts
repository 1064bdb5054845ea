import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import type { ControlPlane } from "#adapters/cluster/control-plane.ts";
import { useControlPlane } from "../support/control-plane.ts";
import { adminClient } from "../support/engine.ts";
import { startHttpProxy } from "../support/http-proxy.ts";
import { eventually } from "../support/eventually.ts";
import { configMap, FINALIZER, type TestApp, useArgoWorld } from "./argo-world.ts";
import { declare } from "./installation-secrets.ts";

const world = useArgoWorld({ withNodes: false });
const other = useControlPlane({ withNodes: false });
const { signal } = new AbortController();
const automated = { automated: { prune: true, selfHeal: true } };
let moon: ConnectedCluster;

beforeAll(() => {
  moon = adminClient(other());
});
afterAll(() => moon?.close());

const configOf = ({ caPem, tokenFor }: ControlPlane, plane: ControlPlane) => ({
  bearerToken: tokenFor.call(plane, "admin"),
  tlsClientConfig: { caData: Buffer.from(caPem).toString("base64") },
});

/** Declares a cluster; without anything else the other control plane. */
async function cluster(name: string, data: Record<string, string> = {}, plane = other()): Promise<void> {
  const config = JSON.stringify(configOf(plane, plane));
  await declare(world.client, { name, type: "cluster", data: { name, server: plane.server, config, ...data } });
}

const there = (app: TestApp, name: string, client = moon) =>
  client.get({ apiVersion: "v1", kind: "ConfigMap", namespace: app.namespace, name }, { signal });

/** An application whose objects go to a cluster, with its namespace there. */
async function appOn(name: string, destination: string, spec: Record<string, unknown> = {}): Promise<TestApp> {
  const app = world.app(name);
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: app.namespace } };
  await moon.apply(namespace, { manager: "test", signal });
  await app.create({
    metadata: { finalizers: [FINALIZER] },
    spec: { destination: { name: destination, namespace: app.namespace }, syncPolicy: automated, ...spec },
  });
  return app;
}

describe("a cluster that a Secret declares", () => {
  test("has its applications' objects, which are healed, pruned and deleted there and nowhere else", async () => {
    await cluster("moon");
    const app = world.app("moon-life");
    const first = await app.commit({ "a.yaml": configMap("a"), "b.yaml": configMap("b") });
    await appOn("moon-life", "moon");
    await app.settled(first);
    expect(await there(app, "a")).toMatchObject({ data: { value: "1" } });
    expect(await app.config("a")).toBeNull();
    const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: app.namespace, name: "a" };
    await moon.patch(ref, { data: { value: "hand" } }, { type: "merge", manager: "hand", signal });
    await eventually("drift is healed", async () => {
      const { data } = (await there(app, "a")) as { readonly data?: Readonly<Record<string, string>> };
      return data?.["value"] === "1";
    });
    const second = await app.commit({ "b.yaml": null });
    await app.refresh();
    await app.settled(second);
    await eventually("what left is pruned", async () => (await there(app, "b")) === null);
    await app.delete();
    await eventually("what it had is deleted", async () => (await there(app, "a")) === null);
  });

  test("is reached through its proxy", async () => {
    const proxy = await startHttpProxy();
    try {
      const { server } = other();
      const config = JSON.stringify({ ...configOf(other(), other()), proxyUrl: proxy.address });
      await cluster("proxied", { server: `${server}/`, config });
      const app = world.app("proxied");
      const commit = await app.commit({ "a.yaml": configMap("a") });
      await appOn("proxied", "proxied");
      await app.settled(commit);
      expect(proxy.targets).toContain(new URL(server).host);
    } finally {
      await proxy.stop();
    }
  });

  test("is used in its namespaces alone, where it names some", async () => {
    await cluster("suburb", { server: `${other().server}/`, namespaces: "in-suburb, elsewhere" });
    const app = world.app("suburb");
    await app.commit({
      "a.yaml": configMap("a"),
      "b.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: b, namespace: default}}",
      "c.yaml": "{apiVersion: v1, kind: Namespace, metadata: {name: suburb-own}}",
    });
    await appOn("suburb", "suburb");
    const failed = await app.until("it is refused", ({ phase }) => phase === "Failed");
    expect(failed.message).toContain('Namespace "default" for ConfigMap "b" is not managed');
    expect(failed.message).toContain('Cluster level Namespace "suburb-own" can not be managed when in namespaced mode');
    const mended = await app.commit({ "b.yaml": null, "c.yaml": null });
    await app.refresh();
    await app.settled(mended);
    expect(await there(app, "a")).not.toBeNull();
  });

  test("that cannot be used is told by its own applications, in words without a secret, and stops no others", async () => {
    await cluster("dark", { server: "https://127.0.0.1:1" });
    await cluster("broken", { server: "https://broken.example", config: '{"bearerToken": canary-5d1e' });
    const run = { execProviderConfig: { command: "/bin/login", args: ["canary-5d1e"] } };
    await cluster("program", { server: "https://program.example", config: JSON.stringify(run) });
    const words: Record<string, RegExp> = {
      dark: /127\.0\.0\.1:1/,
      broken: /^InvalidSpecError: Secret argocd\/broken: config is no JSON$/,
      program: /cluster 'program': .*"\/bin\/login", which this controller may not run/,
    };
    for (const [name, text] of Object.entries(words)) {
      const app = world.app(`on-${name}`);
      await app.commit({ "a.yaml": configMap("a") });
      await appOn(app.name, name);
      const view = await app.until("it says what is wrong", (one) =>
        text.test(`${one.conditions.join()}${one.message}`),
      );
      expect(JSON.stringify(view)).not.toContain("canary-5d1e");
    }
    const good = world.app("beside-dark");
    const commit = await good.commit({ "a.yaml": configMap("a") });
    await good.create();
    await good.settled(commit);
    await cluster("broken", { server: `${other().server}//` });
    await world.app("on-broken").until("it goes on", ({ sync }) => sync === "Synced");
    expect(JSON.stringify(world.engine.lines)).not.toContain("canary-5d1e");
  });

  test("that is another one all of a sudden is left alone, until it is the old one again or a person says so", async () => {
    await cluster("swapped", { server: `${other().server}///` });
    const [back, moved] = [world.app("swap-back"), world.app("swap-moved")];
    for (const app of [back, moved]) {
      const commit = await app.commit({ "a.yaml": configMap("a") });
      await world.client.apply(
        { apiVersion: "v1", kind: "Namespace", metadata: { name: app.namespace } },
        { manager: "test", signal },
      );
      await appOn(app.name, "swapped");
      await app.settled(commit);
    }
    const uid = (await there(back, "a"))?.metadata.uid;
    await cluster("swapped", { server: world.plane.server }, world.plane);
    const held = (app: TestApp) =>
      app.until("it is held", ({ conditions }) => /is another one than before/.test(conditions.join()));
    await held(back);
    const told = await held(moved);
    const approval = /holdfast\.dev\/approve=([0-9a-f]+)/.exec(told.conditions.join())?.[1];
    expect(await there(back, "a", world.client)).toBeNull();
    await moved.patch({ metadata: { annotations: { "holdfast.dev/approve": approval } } });
    await eventually("it is made anew", async () => (await there(moved, "a", world.client)) !== null);
    expect(await there(moved, "a")).not.toBeNull();
    await cluster("swapped", { server: `${other().server}///` });
    await back.until("it goes on", ({ conditions, sync }) => conditions.length === 0 && sync === "Synced");
    expect((await there(back, "a"))?.metadata.uid).toBe(uid);
  });

  test("is all that a project may use that wants its own alone", async () => {
    await cluster("owned", { server: `${other().server}////`, project: "owner" });
    const metadata = { name: "owner", namespace: "argocd" };
    const spec = { sourceRepos: ["*"], destinations: [], permitOnlyProjectScopedClusters: true };
    await world.client.apply(
      { apiVersion: "argoproj.io/v1alpha1", kind: "AppProject", metadata, spec },
      { manager: "test", signal },
    );
    const [own, foreign] = [world.app("own-cluster"), world.app("foreign-cluster")];
    const commit = await own.commit({ "a.yaml": configMap("a") });
    await foreign.commit({ "a.yaml": configMap("a") });
    await appOn("own-cluster", "owned", { project: "owner" });
    await appOn("foreign-cluster", "in-cluster", { project: "owner" });
    await own.settled(commit);
    const refused = await foreign.until("it is refused", ({ conditions }) => conditions.length > 0);
    expect(refused.conditions.join()).toContain("do not match any of the allowed destinations in project 'owner'");
  });
});
