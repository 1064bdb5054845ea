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
  for (const name of ["flux-system", "argocd"]) {
    await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }
});

afterAll(() => client.close());

const apply = async (object: Resource) => (await client.apply(object, { manager: "test", signal })).object;

function holdfast(...args: string[]): Promise<Ended> {
  return runCli({ home, kubeconfig: plane().kubeconfigPath }, args);
}

test("export prints an app and its source as somebody would have written them", async () => {
  const api = { apiVersion: "kustomize.toolkit.fluxcd.io/v1", kind: "Kustomization" };
  const metadata = { name: "shop", namespace: "flux-system" };
  // What the definitions add by default is given, so that it is the same on both sides.
  const spec = {
    force: false,
    interval: "10m0s",
    prune: true,
    path: "./shop",
    sourceRef: { kind: "GitRepository", name: "shop" },
  };
  const source = {
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: "GitRepository",
    metadata: { ...metadata, annotations: { "reconcile.fluxcd.io/requestedAt": "now" } },
    spec: { url: "https://git.example.com/shop", interval: "1m0s", timeout: "60s", secretRef: { name: "login" } },
  };
  await apply(source);
  const labels = { team: "shop", "kustomize.toolkit.fluxcd.io/name": "root" };
  const annotations = { note: "kept", "holdfast.dev/paused": "2026-01-01T00:00:00Z why" };
  await apply({ ...api, metadata: { ...metadata, labels, annotations, finalizers: ["finalizers.fluxcd.io"] }, spec });
  const status = { lastAppliedRevision: "main@sha1:1234", conditions: [] };
  await client.patch(
    { ...api, ...metadata },
    { status },
    { type: "merge", subresource: "status", manager: "test", signal },
  );
  await holdfast("adopt", "ks/shop");

  const { code, out, err } = await holdfast("export", "shop", "-o", "json");
  expect([code, err]).toEqual([0, ""]);
  expect(JSON.parse(out)).toEqual([
    { ...source, metadata },
    { ...api, metadata: { ...metadata, labels: { team: "shop" }, annotations: { note: "kept" } }, spec },
  ]);
  const yaml = await holdfast("export", "ks/shop");
  expect(yaml.out.match(/^kind: .*$/gm)).toEqual(["kind: GitRepository", "kind: Kustomization"]);
});

test("export of a release prints where its chart is from, without the chart object that it makes itself", async () => {
  const metadata = { name: "web", namespace: "flux-system" };
  const source = (kind: string, name: string, spec: object) => ({
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind,
    metadata: { ...metadata, name },
    spec,
  });
  const repository = source("HelmRepository", "stable", {
    interval: "5m0s",
    provider: "generic",
    url: "https://charts.example.com",
  });
  const chart = { chart: "web", reconcileStrategy: "ChartVersion", version: "1.x" };
  const sourceRef = { kind: "HelmRepository", name: "stable" };
  const release = {
    apiVersion: "helm.toolkit.fluxcd.io/v2",
    kind: "HelmRelease",
    metadata,
    spec: { interval: "10m0s", chart: { spec: { ...chart, sourceRef } }, values: { replicas: 2 } },
  };
  await apply(repository);
  // Nobody follows it here, so nobody can answer for it either.
  await apply(source("HelmChart", "flux-system-web", { ...chart, interval: "10m0s", sourceRef, suspend: true }));
  await apply(release);
  await holdfast("adopt", "hr/web");
  const { code, out, err } = await holdfast("export", "hr/web", "-o", "json");
  expect([code, err]).toEqual([0, ""]);
  expect(JSON.parse(out)).toEqual([repository, release]);
});

test("reconcile asks a release and its chart, each by the same token", async () => {
  const asked = async (apiVersion: string, kind: string, name: string) => {
    const object = await client.get({ apiVersion, kind, namespace: "flux-system", name }, { signal });
    return object?.metadata.annotations?.["reconcile.fluxcd.io/requestedAt"];
  };
  const api = "source.toolkit.fluxcd.io/v1";
  // The command waits for the repository of the charts, and no controller runs here.
  const answering = async () => {
    const token = await eventually("the repository is asked", () => asked(api, "HelmRepository", "stable"));
    const ref = { apiVersion: api, kind: "HelmRepository", namespace: "flux-system", name: "stable" };
    const style = { type: "merge", subresource: "status", manager: "test", signal } as const;
    await client.patch(ref, { status: { lastHandledReconcileAt: token } }, style);
  };
  const [{ code }] = await Promise.all([holdfast("reconcile", "hr/web"), answering()]);
  const token = await asked("helm.toolkit.fluxcd.io/v2", "HelmRelease", "web");
  expect([code, token]).toEqual([0, expect.stringMatching(/^\d{4}-/)]);
  expect(await asked(api, "HelmChart", "flux-system-web")).toBe(token);
});

test("export leaves out a password in a URL and says so; who deletes what stays", async () => {
  const object = {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name: "cart", namespace: "argocd", finalizers: ["resources-finalizer.argocd.argoproj.io"] },
    spec: {
      project: "default",
      source: { repoURL: "https://ada:hunter2@git.example.com/cart", path: "app", targetRevision: "HEAD" },
      destination: { name: "in-cluster" },
    },
  };
  await apply(object);
  const { out, err } = await holdfast("export", "app/cart", "-o", "json");
  const source = { ...object.spec.source, repoURL: "https://git.example.com/cart" };
  expect(JSON.parse(out)).toEqual([{ ...object, spec: { ...object.spec, source } }]);
  expect(err).toContain("Application/argocd/cart is left out");
});

test("export of an app whose source is missing fails and names it", async () => {
  await holdfast("create", "kustomization", "lost", "--source", "nowhere");
  const { code, out, err } = await holdfast("export", "lost");
  expect([code, out, err.includes("GitRepository/flux-system/nowhere")]).toEqual([4, "", true]);
});

test("reconcile is sync under the name that others give it", async () => {
  const help = await holdfast("reconcile", "--help");
  expect([help.code, help.out]).toEqual([0, expect.stringContaining("sync|reconcile")]);
});
