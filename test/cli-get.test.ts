import { afterAll, beforeAll, expect, test } from "vitest";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import { type Ended, runCli } from "./support/cli-program.ts";
import { temporaryDirectory, useControlPlane } from "./support/control-plane.ts";
import { adminClient, installDefinitions } from "./support/engine.ts";

const plane = useControlPlane({ withNodes: false });
const { signal } = new AbortController();
let home: string;
let client: ConnectedCluster;

beforeAll(async () => {
  home = await temporaryDirectory();
  client = adminClient(plane());
  await installDefinitions(client, signal);
  const run = (...args: string[]) => runCli({ home, kubeconfig: plane().kubeconfigPath }, args);
  const url = "https://git.example.com/shop.git";
  await run("create", "kustomization", "shop", "--url", url);
  await run("create", "kustomization", "shop", "--url", url, "-n", "other");
  await run("create", "app", "shop", "--url", url);
});

afterAll(() => client.close());

function holdfast(...args: string[]): Promise<Ended> {
  return runCli({ home, kubeconfig: plane().kubeconfigPath }, args);
}

async function keysOf(...args: string[]): Promise<string[]> {
  const { out } = await holdfast("get", ...args, "-o", "json");
  return (JSON.parse(out) as { key: string }[]).map(({ key }) => key);
}

test("get takes kinds as words: plural, singular or short, of all namespaces or of one", async () => {
  expect(await keysOf("-A")).toEqual(["app/argocd/shop", "ks/flux-system/shop", "ks/other/shop"]);
  expect(await keysOf("applications")).toEqual(["app/argocd/shop"]);
  expect(await keysOf("Kustomization")).toEqual(["ks/flux-system/shop", "ks/other/shop"]);
  expect(await keysOf("ks", "-n", "other")).toEqual(["ks/other/shop"]);
  expect(await keysOf("kustomizations", "shop", "-n", "other")).toEqual(["ks/other/shop"]);
  expect(await keysOf("gitrepositories")).toEqual(["gitrepo/flux-system/shop", "gitrepo/other/shop"]);
  expect(await keysOf("gitrepo", "shop", "-n", "other")).toEqual(["gitrepo/other/shop"]);
  expect(await keysOf("ocirepositories")).toEqual([]);
  const table = await holdfast("get", "kustomizations");
  expect(table.out).toMatch(/^APP +STATE[^]*ks\/other\/shop/);
});

test("get tells a slip in a kind, and refuses two answers to one question", async () => {
  const slip = await holdfast("get", "kustomiztions");
  expect([slip.code, slip.err.includes("holdfast get kustomizations?")]).toEqual([4, true]);
  expect((await holdfast("get", "ks", "nothing-like-it")).code).toBe(4);
  expect((await holdfast("get", "-A", "-n", "other")).code).toBe(2);
  const none = await holdfast("get", "ocirepositories", "shop");
  expect([none.code, none.err.includes("Did you mean gitrepo")]).toEqual([4, false]);
});

test("get shows a chart repository that is never asked itself as ready, unless somebody suspended it", async () => {
  const metadata = { name: "charts", namespace: "other" };
  const spec = { type: "oci", url: "oci://registry.example/charts" };
  const apiVersion = "source.toolkit.fluxcd.io/v1";
  const state = async () => {
    const { out } = await holdfast("get", "helmrepo", "-o", "json");
    return (JSON.parse(out) as { state: string; message: string }[]).map((view) => `${view.state}: ${view.message}`);
  };
  await client.apply({ apiVersion, kind: "HelmRepository", metadata, spec }, { manager: "test", signal });
  expect(await state()).toEqual(["Ready: asked by each of its charts"]);
  const resting = { ...spec, suspend: true };
  await client.apply({ apiVersion, kind: "HelmRepository", metadata, spec: resting }, { manager: "test", signal });
  expect(await state()).toEqual([expect.stringMatching(/^Suspended/)]);
});

test("get shows artifacts of others and generators with what they are made of", async () => {
  const namespace = "other";
  const generator = {
    apiVersion: "source.extensions.fluxcd.io/v1beta1",
    kind: "ArtifactGenerator",
    metadata: { name: "maker", namespace },
    spec: {
      sources: [{ alias: "repo", kind: "GitRepository", name: "shop" }],
      pathPattern: "@repo/apps/{app}",
      artifacts: [{ name: "{app}", copy: [{ from: "@repo/apps/{app}/**", to: "@artifact/" }] }],
    },
  };
  const apiVersion = "source.toolkit.fluxcd.io/v1";
  const artifact = { apiVersion, kind: "ExternalArtifact", metadata: { name: "theirs", namespace }, spec: {} };
  for (const object of [generator, artifact]) await client.apply(object, { manager: "test", signal });
  const url = "http://artifacts.example/a.tar.gz";
  const told = { url, path: "a", revision: "v1", digest: "sha256:00", lastUpdateTime: "2026-01-01T00:00:00Z" };
  const ref = { apiVersion, kind: "ExternalArtifact", namespace, name: "theirs" };
  const options = { type: "merge", manager: "maker", subresource: "status", signal } as const;
  await client.patch(ref, { status: { artifact: told } }, options);
  const get = async (word: string) =>
    JSON.parse((await holdfast("get", word, "-n", namespace, "-o", "json")).out) as object[];
  expect(await get("ag")).toMatchObject([
    { key: "ag/other/maker", url: "GitRepository/other/shop", ref: "@repo/apps/{app}", state: "New" },
  ]);
  expect(await get("externalartifacts")).toMatchObject([{ key: "ea/other/theirs", url, ref: "", revision: "v1" }]);
});
