import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { Runbook } from "../support/runbook.ts";
import { temporaryDirectory } from "../support/control-plane.ts";
import { changed, config, webDeployment } from "../support/seen-objects.ts";
import { publishWeb } from "./takeover-objects.ts";
import { useTakeoverWorld } from "./takeover-world.ts";
import { fluxRef } from "./takeover-vendor.ts";

const takeover = useTakeoverWorld(publishWeb);
const own = "flux-system";
const apps = ["ks/flux-system/shop", "ks/flux-system/cart", "hr/flux-system/web"];

let runbook: Runbook;

beforeAll(async () => {
  const person = { home: await temporaryDirectory(), kubeconfig: takeover().world.kubeconfigPath };
  runbook = await Runbook.of("migrate-from-flux.md", person);
  await fleet();
  await runbook.clone(takeover().world.git.url("fleet"));
});

test("every command of the runbook does what the page says, there and back", async () => {
  const { world, flux } = takeover();
  const stop = answering();
  const before = await takeover().versions("shop", "cart");
  const untouched = async () => expect(changed(before, await takeover().versions("shop", "cart"))).toEqual([]);
  const refused = takeover().holdfast("adopt", "ks/flux-system");

  expect(await runbook.step("1. Install beside Flux")).toContain("Flux runs");
  expect(await refused).toMatchObject({ code: 5 });
  expect((await refused).err).toContain("it runs Flux itself, which still has hr/flux-system/web, ks/flux-system/cart");
  for (const app of [...apps, "ks/flux-system/flux-system"]) await takeover().shadowed(app);
  expect((await runbook.step("2. Look")).match(/nothing would be written/g)).toHaveLength(4);
  expect(await suspended()).toEqual([]);

  await runbook.step("3. Adopt one app", { but: 1 });
  expect(await suspended()).toEqual(["ks/flux-system/shop"]);
  await takeover().inPhase("ks/flux-system/shop", "synced");
  await runbook.step("3. Adopt one app");
  expect(await suspended()).toEqual([]);
  await runbook.step("4. Adopt by label", { but: 1 });
  expect(await suspended()).toEqual(["ks/flux-system/shop", "hr/flux-system/web"]);
  await runbook.step("4. Adopt by label");
  await runbook.step("5. Adopt the rest");
  expect(await suspended()).toEqual(apps);
  for (const app of apps) await takeover().inPhase(app, "synced");
  await untouched();

  expect(await runbook.step("6. Flux itself last", { but: 1 })).toContain("nothing would be written");
  expect(await suspended()).toEqual([...apps, "ks/flux-system/flux-system"]);
  await takeover().inPhase("ks/flux-system/flux-system", "synced");
  await runbook.step("6. Flux itself last");

  await runbook.step("7. Stop Flux", { only: 1 });
  await writeFile(
    join(runbook.directory, "clusters/prod/flux-system/kustomization.yaml"),
    runbook.taken("7. Stop Flux", "yaml"),
  );
  await runbook.step("7. Stop Flux", { only: 1 });
  await flux.untilReady(0);
  expect(await runbook.step("7. Stop Flux", { only: 1 })).toContain("Flux does not run");
  expect(await suspended()).toEqual([]);
  for (const app of [...apps, "ks/flux-system/flux-system"]) await takeover().inPhase(app, "synced");
  await untouched();

  await gitReverts();
  await takeover().shadowed("ks/flux-system/flux-system");
  await flux.untilReady(0);
  await gitReverts();
  await takeover().inPhase("ks/flux-system/flux-system", "synced");
  await runbook.step("7. Stop Flux");
  await flux.untilReady(1);
  expect(await suspended()).toEqual([]);
  for (const app of [...apps, "ks/flux-system/flux-system"]) await takeover().shadowed(app);
  expect(await flux.helm.wouldUpgrade(fluxRef.release(own, "web"))).toEqual([]);
  await untouched();

  stop();
  await world.engine.stop();
  await runbook.step("Giving Holdfast up");
  world.client.invalidateDiscovery();
  await untouched();
  expect(runbook.left()).toEqual([]);
}, 400_000);

/** Takes the last commit back, and lets the controller see it. */
async function gitReverts(): Promise<void> {
  await runbook.git("revert", "--no-edit", "HEAD");
  await runbook.git("push", "--quiet");
  const annotations = { "reconcile.fluxcd.io/requestedAt": new Date().toISOString() };
  await takeover().world.patch(fluxRef.source("GitRepository", own, own), { metadata: { annotations } });
}

/** A repository as Flux's bootstrap makes it, with three apps, and all that Flux made of it. */
async function fleet(): Promise<void> {
  const { world, flux, charts } = takeover();
  const { git } = world;
  for (const name of ["shop", "cart"]) await world.space(name);
  const kustomization = (name: string, path: string, labels: object = {}): Resource => ({
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata: { name, namespace: own, ...labels },
    spec: { interval: "10m", prune: true, path, sourceRef: { kind: "GitRepository", name: own } },
  });
  const team = { labels: { team: "shop" } };
  const sync: Resource[] = [
    {
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "GitRepository",
      metadata: { name: own, namespace: own },
      spec: { interval: "1h", ref: { branch: "main" }, url: git.url("fleet") },
    },
    kustomization(own, "./clusters/prod"),
  ];
  const controllers = ["helm-controller", "kustomize-controller", "source-controller"];
  const components = controllers.map((name) => flux.controller(name));
  const metadata = { name: "web", namespace: own };
  const repository = "source.toolkit.fluxcd.io/v1";
  const chart = { spec: { chart: "web", version: "1.0.0", sourceRef: { kind: "HelmRepository", name: "web" } } };
  const release = { interval: "10m", targetNamespace: "shop", chart, values: { color: "red" } };
  const declared: Resource[] = [
    kustomization("shop", "./apps/shop", team),
    kustomization("cart", "./apps/cart"),
    { apiVersion: repository, kind: "HelmRepository", metadata, spec: { interval: "1h", url: charts.url } },
    { apiVersion: "helm.toolkit.fluxcd.io/v2", kind: "HelmRelease", metadata: { ...metadata, ...team }, spec: release },
  ];
  const app = (name: string): Resource[] =>
    [webDeployment(name), config(`${name}-config`)].map((one) => ({
      ...one,
      metadata: { ...one.metadata, namespace: name },
    }));
  const commit = await git.commit("fleet", {
    "clusters/prod/flux-system/gotk-components.yaml": documents(components),
    "clusters/prod/flux-system/gotk-sync.yaml": documents(sync),
    "clusters/prod/flux-system/kustomization.yaml": "resources: [gotk-components.yaml, gotk-sync.yaml]\n",
    "clusters/prod/apps.yaml": documents(declared),
    "apps/shop/all.yaml": documents(app("shop")),
    "apps/cart/all.yaml": documents(app("cart")),
  });
  for (const object of sync) await world.apply(object, "kustomize-controller");
  const revision = `main@sha1:${commit}`;
  await flux.fetched(fluxRef.source("GitRepository", own, own), revision);
  await flux.kustomized(fluxRef.kustomization(own, own), revision, [...components, ...sync, ...declared]);
  for (const name of ["shop", "cart"]) await flux.kustomized(fluxRef.kustomization(own, name), revision, app(name));
  await flux.fetched(fluxRef.source("HelmRepository", own, "web"), `sha256:${"d4".repeat(32)}`);
  await flux.helm.released(fluxRef.release(own, "web"));
}

function documents(objects: readonly Resource[]): string {
  return objects.map((object) => `---\n${JSON.stringify(object)}\n`).join("");
}

/** The apps that Flux is kept off. */
async function suspended(): Promise<readonly string[]> {
  const found: string[] = [];
  for (const key of [...apps, "ks/flux-system/flux-system"]) {
    const name = key.split("/")[2] ?? "";
    const ref = key.startsWith("hr/") ? fluxRef.release(own, name) : fluxRef.kustomization(own, name);
    const object = await takeover().world.get(ref);
    const spec = object?.["spec"] as { suspend?: boolean } | undefined;
    if (spec?.suspend) found.push(key);
  }
  return found;
}

/** Answers for source-controller, for as long as that runs: it fetches when it is asked to. */
function answering(): () => void {
  const { world, flux } = takeover();
  const ref = fluxRef.source("GitRepository", own, own);
  const answer = async () => {
    const deployment = { apiVersion: "apps/v1", kind: "Deployment", namespace: own, name: "source-controller" };
    const { readyReplicas = 0 } = ((await world.get(deployment))?.["status"] ?? {}) as { readyReplicas?: number };
    const object = await world.get(ref);
    const token = object?.metadata.annotations?.["reconcile.fluxcd.io/requestedAt"];
    const { lastHandledReconcileAt } = (object?.["status"] ?? {}) as { lastHandledReconcileAt?: string };
    if (readyReplicas === 0 || token === undefined || token === lastHandledReconcileAt) return;
    await flux.fetched(ref, `main@sha1:${await world.git.git("fleet", "rev-parse", "main")}`);
    const status = { lastHandledReconcileAt: token };
    await world.patch(ref, { status }, { manager: "source-controller", subresource: "status" });
  };
  const timer = setInterval(() => void answer().catch(() => {}), 300);
  return () => clearInterval(timer);
}
