import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { annotationsOf } from "#core/resource/resource.ts";
import { temporaryDirectory } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";
import { Runbook } from "../support/runbook.ts";
import { config, webDeployment } from "../support/seen-objects.ts";
import { IN_CLUSTER, useArgoWorld } from "./argo-world.ts";
import { VendorArgo } from "./takeover-vendor.ts";

const world = useArgoWorld({ withNodes: true });
const API = "argoproj.io/v1alpha1";
const own = "argocd";
const apps = ["shop", "cart", "team-a"];
const { signal } = new AbortController();
let argo: VendorArgo;
let runbook: Runbook;

beforeAll(async () => {
  argo = new VendorArgo(world);
  await argo.started();
  const person = { home: await temporaryDirectory(), kubeconfig: world.plane.kubeconfigPath };
  runbook = await Runbook.of("migrate-from-argocd.md", person);
  await fleet();
  await runbook.clone(world.git.url("fleet"));
});

test("every command of the runbook does what the page says, there and back", async () => {
  const before = await contents();
  const untouched = async () => expect(await contents()).toEqual(before);
  const refused = runbook.holdfast("adopt", "app/argocd");

  expect(await runbook.step("1. Install beside Argo CD")).toContain("Argo CD runs");
  expect((await refused).code).toBe(5);
  expect((await refused).err).toContain("it runs Argo CD itself, which still has app/argocd/cart");
  for (const app of [...apps, own]) await inPhase(app, "shadow");
  expect((await runbook.step("2. Look")).match(/2 objects would be labelled and nothing else/g)).toHaveLength(4);
  expect(await keptOff()).toEqual([]);

  await runbook.step("3. Adopt one app", { but: 1 });
  expect(await keptOff()).toEqual(["shop"]);
  await inPhase("shop", "synced");
  await runbook.step("3. Adopt one app");
  expect(await keptOff()).toEqual([]);
  await runbook.step("4. Adopt by label", { but: 1 });
  expect(await keptOff()).toEqual(["shop"]);
  await runbook.step("4. Adopt by label");
  expect(await runbook.step("5. Adopt ApplicationSets", { but: 1 })).toContain(
    "appset/argocd/teams is adopted; Argo CD",
  );
  expect(await setPolicy()).toBe("create-only");
  await eventually("the set is served", async () => (await setNow())["status"] !== undefined);
  await runbook.step("5. Adopt ApplicationSets");
  expect(await setPolicy()).toBeUndefined();
  await runbook.step("6. Adopt the rest");
  expect(await setPolicy()).toBe("create-only");
  expect(await keptOff()).toEqual(apps);
  for (const app of apps) await inPhase(app, "synced");
  await untouched();

  expect(await runbook.step("7. Argo CD itself last", { but: 1 })).toContain("nothing else");
  expect(await keptOff()).toEqual([...apps, own]);
  await inPhase(own, "synced");
  await runbook.step("7. Argo CD itself last");

  await runbook.step("8. Stop Argo CD", { only: 1 });
  const kustomization = join(runbook.directory, "clusters/prod/argocd/kustomization.yaml");
  await writeFile(kustomization, runbook.taken("8. Stop Argo CD", "yaml"));
  await runbook.step("8. Stop Argo CD", { only: 1 });
  await argo.untilReady(0);
  expect(await runbook.step("8. Stop Argo CD", { only: 1 })).toContain("Argo CD does not run");
  expect(await keptOff()).toEqual([]);
  expect(await setPolicy()).toBeUndefined();
  for (const app of [...apps, own]) await inPhase(app, "synced");
  await untouched();

  await runbook.step("8. Stop Argo CD");
  await argo.untilReady(1);
  expect(await keptOff()).toEqual([]);
  expect(await setPolicy()).toBeUndefined();
  for (const app of [...apps, own]) await inPhase(app, "shadow");
  for (const app of apps) expect(await argo.wouldChange(app, objectsOf(app), "client-side")).toBe("");
  await untouched();

  await world.engine.stop();
  await runbook.step("Giving Holdfast up");
  world.client.invalidateDiscovery();
  await untouched();
  expect(runbook.left()).toEqual([]);
}, 400_000);

/** A repository of four apps, one of them made by a set, and all that Argo CD made of it. */
async function fleet(): Promise<void> {
  const { git, client } = world;
  for (const name of apps) {
    await client.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } }, { manager: "test", signal });
  }
  const commit = await git.commit("fleet", {
    "clusters/prod/argocd/install.yaml": documents(argo.controllers()),
    "clusters/prod/argocd/kustomization.yaml": "resources: [install.yaml]\n",
    ...Object.fromEntries(apps.map((name) => [`apps/${name}/all.yaml`, documents(objectsOf(name))])),
  });
  const template = application("team-{{name}}", "apps/team-{{name}}");
  const set: Resource = {
    apiVersion: API,
    kind: "ApplicationSet",
    metadata: { name: "teams", namespace: own },
    spec: { generators: [{ list: { elements: [{ name: "a" }] } }], template },
  };
  await argo.generated(application("team-a", "apps/team-a"), await client.create(set, { manager: "kubectl", signal }));
  for (const [name, path] of [
    ["shop", "apps/shop"],
    ["cart", "apps/cart"],
    [own, "clusters/prod/argocd"],
  ] as const) {
    const labels = name === "shop" ? { team: "shop" } : {};
    const made = application(name, path);
    await client.create({ ...made, metadata: { ...made.metadata, labels } }, { manager: "kubectl", signal });
  }
  for (const name of apps) await argo.synced(name, { commit, objects: objectsOf(name), manner: "client-side" });
  await argo.synced(own, { commit, objects: argo.controllers(), manner: "server-side" });
}

function application(name: string, path: string): Resource {
  const spec = {
    project: "default",
    source: { repoURL: world.git.url("fleet"), path, targetRevision: "main" },
    destination: { server: IN_CLUSTER, namespace: name },
    syncPolicy: { automated: { prune: true, selfHeal: true } },
  };
  return { apiVersion: API, kind: "Application", metadata: { name, namespace: own }, spec };
}

function objectsOf(app: string): Resource[] {
  return [webDeployment(app), config(`${app}-config`)].map((one) => ({
    ...one,
    metadata: { ...one.metadata, namespace: app },
  }));
}

function documents(objects: readonly Resource[]): string {
  return objects.map((object) => `---\n${JSON.stringify(object)}\n`).join("");
}

/** What a rollout, a re-creation or a lost object would change, Applications included. */
async function contents(): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const app of apps) {
    for (const { apiVersion, kind, metadata } of [...objectsOf(app), application(app, "")]) {
      const { namespace = "", name } = metadata;
      const live = await world.client.get({ apiVersion, kind, namespace, name }, { signal });
      const { spec, data } = (live ?? {}) as { spec?: unknown; data?: unknown };
      found[`${kind}/${name}`] = { uid: live?.metadata.uid, spec, data };
    }
  }
  return found;
}

/** The apps that Argo CD is kept off. */
async function keptOff(): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of [...apps, own]) {
    const object = await world.client.get({ apiVersion: API, kind: "Application", namespace: own, name }, { signal });
    if (object && annotationsOf(object)["argocd.argoproj.io/skip-reconcile"] === "true") found.push(name);
  }
  return found;
}

async function setNow(): Promise<Resource> {
  const set = await world.client.get(
    { apiVersion: API, kind: "ApplicationSet", namespace: own, name: "teams" },
    { signal },
  );
  if (!set) throw new Error("the set is gone");
  return set;
}

async function setPolicy(): Promise<string | undefined> {
  const { syncPolicy } = (await setNow())["spec"] as { syncPolicy?: { applicationsSync?: string } };
  return syncPolicy?.applicationsSync;
}

async function inPhase(app: string, phase: string): Promise<void> {
  const key = `app/${own}/${app}`;
  await eventually(`${app} is ${phase}`, () => world.phases.get(key) === phase).catch((error: unknown) => {
    throw new Error(`${app} is ${world.phases.get(key)} and not ${phase}`, { cause: error });
  });
}
