import { afterAll, beforeAll, expect, test } from "vitest";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import type { Resource } from "#core/resource/resource.ts";
import { type Ended, runCli } from "./support/cli-program.ts";
import { temporaryDirectory, useControlPlane } from "./support/control-plane.ts";
import { adminClient, installDefinitions } from "./support/engine.ts";
import { eventually } from "./support/eventually.ts";

const plane = useControlPlane({ withNodes: false });
const { signal } = new AbortController();
let home: string;
let client: ConnectedCluster;

beforeAll(async () => {
  home = await temporaryDirectory();
  client = adminClient(plane());
  await installDefinitions(client, signal);
  for (const name of ["shop", "cart", "flux-system"]) {
    await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }
});

afterAll(() => client.close());

const apply = async (object: Resource) => (await client.apply(object, { manager: "test", signal })).object;

function configMap(name: string, namespace: string, metadata: object = {}): Promise<Resource> {
  return apply({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, ...metadata } });
}

/** A Kustomization whose status tells what it owns, as a controller writes it. */
async function owner(name: string, ids: readonly string[], spec: object = {}): Promise<void> {
  const metadata = { name, namespace: "flux-system" };
  const api = { apiVersion: "kustomize.toolkit.fluxcd.io/v1", kind: "Kustomization" };
  const sourceRef = { kind: "GitRepository", name };
  await apply({ ...api, metadata, spec: { interval: "1m", prune: true, path: "./", sourceRef, ...spec } });
  const status = { inventory: { entries: ids.map((id) => ({ id, v: "v1" })) } };
  await client.patch(
    { ...api, ...metadata },
    { status },
    { type: "merge", subresource: "status", manager: "test", signal },
  );
}

function orphans(...args: string[]): Promise<Ended> {
  return runCli({ home, kubeconfig: plane().kubeconfigPath }, ["orphans", ...args]);
}

async function found(...args: string[]): Promise<{ id: string; markedFor: string }[]> {
  const { out } = await orphans(...args, "-o", "json");
  return (JSON.parse(out) as { objects: { id: string; markedFor: string }[] }).objects;
}

test("orphans are what no app owns, nothing made, nobody reads and no namespace is born with", async () => {
  expect((await orphans()).err).toContain("No app deploys to a namespace yet");
  await owner("shop", ["shop_owned__ConfigMap", "shop_robot__ServiceAccount", "cart_token__Secret"], {
    postBuild: { substituteFrom: [{ kind: "ConfigMap", name: "words" }] },
  });
  await apply({
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: "GitRepository",
    metadata: { name: "shop", namespace: "flux-system" },
    spec: { url: "https://git.example.com/shop", interval: "1m", secretRef: { name: "login" } },
  });
  const secret = (name: string, namespace: string, type = "Opaque") =>
    apply({ apiVersion: "v1", kind: "Secret", type, metadata: { name, namespace } });
  const { uid = "" } = (await configMap("owned", "shop")).metadata;
  const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name: "owned", uid }];
  await configMap("made", "shop", { ownerReferences });
  await configMap("words", "flux-system");
  await secret("login", "flux-system");
  await secret("sh.helm.release.v1.web.v1", "shop", "helm.sh/release.v1");
  await configMap("stray", "shop");
  await secret("left", "cart");
  await configMap("elsewhere", "default");
  const labels = { "kustomize.toolkit.fluxcd.io/name": "shop", "kustomize.toolkit.fluxcd.io/namespace": "flux-system" };
  await configMap("forgotten", "cart", { labels });
  await eventually("namespaces have their account", async () => {
    const account = { apiVersion: "v1", kind: "ServiceAccount", namespace: "cart", name: "default" };
    return (await client.get(account, { signal })) !== null;
  });
  expect((await found()).map(({ id, markedFor }) => [id, markedFor])).toEqual([
    ["/ConfigMap/cart/forgotten", "ks/flux-system/shop"],
    ["/ConfigMap/shop/stray", ""],
    ["/Secret/cart/left", ""],
  ]);
  expect((await found("-n", "shop,flux-system", "-n", "default")).map(({ id }) => id)).toEqual([
    "/ConfigMap/default/elsewhere",
    "/ConfigMap/shop/stray",
  ]);
  const table = await orphans("-n", "cart");
  expect(table.out).toMatch(/^OBJECT +AGE +MARKED FOR\nConfigMap\/cart\/forgotten +\S+ +ks\/flux-system\/shop\n/);
});

test("orphans tells of apps that own nothing yet", async () => {
  await owner("new", []);
  expect((await orphans("-n", "shop")).err).toContain("ks/flux-system/new owns nothing yet");
});
