import { setTimeout as later } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { annotationsOf, labelsOf } from "#core/resource/resource.ts";
import { runCli } from "../support/cli-program.ts";
import { temporaryDirectory } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";
import { changed, config, versionsOf, webDeployment } from "../support/seen-objects.ts";
import { type TestApp, useArgoWorld } from "./argo-world.ts";
import { type Manner, VendorArgo } from "./takeover-vendor.ts";

const world = useArgoWorld({ withNodes: true });
const KINDS = [
  ["", "ConfigMap"],
  ["", "Secret"],
  ["apps", "Deployment"],
  ["argoproj.io", "Application"],
  ["holdfast.dev", "Inventory"],
] as const;
const MANNERS: readonly Manner[] = ["client-side", "server-side"];
const { signal } = new AbortController();
let argo: VendorArgo;
let home: string;

beforeAll(async () => {
  home = await temporaryDirectory();
  argo = new VendorArgo(world);
  await argo.started();
});

describe.each(MANNERS)("an app whose objects were applied %s", (manner) => {
  const kind = manner.slice(0, 6);

  test("is compared beside an Argo CD that runs, and nothing of it is written", async () => {
    const app = await vendorApp(`seen-${kind}`, manner, [webDeployment("web"), config("a")]);
    const before = await versions(app);
    await later(2_000);
    expect(await versions(app)).toEqual(before);
    expect(await holdfast("diff", app.name)).toMatchObject({ code: 0, out: "" });
    await declare(app, [webDeployment("web"), config("a", { value: "2" })]);
    expect(await holdfast("diff", app.name)).toMatchObject({
      code: 3,
      out: expect.stringContaining('+  value: "2"') as string,
    });
    expect((await holdfast("why", app.name)).out).toContain(`holdfast adopt app/argocd/${app.name}`);
  });

  test("is adopted without a rollout and given back in sync, whatever commits changed meanwhile", async () => {
    const port = { ports: [{ containerPort: 8080, protocol: "TCP" }], env: [{ name: "COLOR", value: "red" }] };
    const first = [webDeployment("web", port), config("a", { value: "1", old: "1" }), config("b")];
    const app = await vendorApp(`moved-${kind}`, manner, first);
    const web = await identities(app);
    await adopted(app);
    expect(await identities(app)).toEqual(web);
    expect(await argo.wouldChange(app.name, placed(app, first), manner)).not.toContain("-  image");

    const second = [webDeployment("web", { env: port.env }), config("a", { value: "2", added: "1" })];
    const commit = await declare(app, second);
    await app.refresh();
    await app.settled(commit);
    expect(await world.client.get(refOf(app, "ConfigMap", "b"), { signal })).toBeNull();
    expect(await app.config("a")).toEqual({ value: "2", added: "1" });
    const live = (await app.object("Deployment", "web"))?.["spec"] as {
      template: { spec: { containers: readonly object[] } };
    };
    expect(live.template.spec.containers[0]).not.toHaveProperty("ports");

    expect((await holdfast("release", app.name)).out).toBe(`app/argocd/${app.name} is released to Argo CD\n`);
    await inPhase(app, "shadow");
    expect(await argo.wouldChange(app.name, placed(app, second), manner)).toBe("");
    expect(annotationsOf(app.now())).not.toHaveProperty("argocd.argoproj.io/skip-reconcile");
    const back = await identities(app);

    // What was declared while it was ours is taken away by Argo CD when it goes.
    const third = [webDeployment("web"), config("a", { value: "2" })];
    await argo.synced(app.name, { commit: await declare(app, third), objects: placed(app, third), manner });
    expect(await app.config("a")).toEqual({ value: "2" });
    expect((await identities(app))["ConfigMap/a"]?.uid).toBe(back["ConfigMap/a"]?.uid);
    await later(1_500);
    expect(await argo.wouldChange(app.name, placed(app, third), manner)).toBe("");
  });

  test("is adopted once more, with what Argo CD added and a commit removed since", async () => {
    const app = await vendorApp(`again-${kind}`, manner, [config("a"), config("b")]);
    await adopted(app);
    await holdfast("release", app.name);
    await inPhase(app, "shadow");
    const more = [config("a"), config("b"), config("c")];
    await argo.synced(app.name, { commit: await declare(app, more), objects: placed(app, more), manner });
    const last = await declare(app, [config("a"), config("b")]);
    await adopted(app);
    await app.refresh();
    await app.settled(last);
    expect(await app.config("c")).toBeNull();
    expect(await app.config("b")).toEqual({ value: "1" });
  });
});

describe("an app that is adopted", () => {
  test("keeps what Argo CD applied last of a commit that was not fetched here yet", async () => {
    const app = await vendorApp("newer", "server-side", [config("a")]);
    const newer = [config("a", { value: "2" }), config("c")];
    await argo.synced(app.name, {
      commit: await declare(app, newer),
      objects: placed(app, newer),
      manner: "server-side",
    });
    const uidOf = async (name: string) => (await app.object("ConfigMap", name))?.metadata.uid;
    const before = await uidOf("c");
    await adopted(app);
    expect(await app.config("a")).toEqual({ value: "2" });
    expect(await uidOf("c")).toBe(before);
  });

  test("says which entry of a list stands there twice, and is applied once it does not", async () => {
    const twice = [webDeployment("web", { env: ["red", "blue"].map((value) => ({ name: "COLOR", value })) })];
    const app = await vendorApp("twice", "client-side", twice);
    const before = await identities(app);
    expect(await holdfast("adopt", app.name)).toMatchObject({ code: 0 });
    const { message } = await app.until("says why", (view) => view.message.includes("duplicate"));
    expect(message).toContain('containers[name="web"].env: duplicate entries for key [name="COLOR"]');
    expect(message).toContain("leave all but one of them out");
    expect(await identities(app)).toEqual(before);
    const once = await declare(app, [webDeployment("web", { env: [{ name: "COLOR", value: "blue" }] })]);
    await app.refresh();
    await app.settled(once);
  });

  test("keeps what it has in order: only the app and its inventory are written", async () => {
    const app = await vendorApp("kept", "server-side", [webDeployment("web"), config("a")]);
    await adopted(app);
    const before = await versions(app);
    await holdfast("release", app.name);
    await inPhase(app, "shadow");
    const released = await versions(app);
    expect(changed(before, released)).toEqual([`Application/argocd/${app.name}`, "ConfigMap/in-kept/a"]);
    expect(labelsOf((await app.object("ConfigMap", "a")) as Resource)).not.toHaveProperty("holdfast.dev/app");
  });
});

/** An Application that Argo CD has synced. */
async function vendorApp(name: string, manner: Manner, objects: readonly Resource[]): Promise<TestApp> {
  const app = world.app(name);
  const commit = await declare(app, objects);
  const syncOptions = manner === "server-side" ? ["ServerSideApply=true"] : [];
  await app.create({ spec: { syncPolicy: { automated: { prune: true, selfHeal: true }, syncOptions } } });
  await argo.synced(name, { commit, objects: placed(app, objects), manner });
  await inPhase(app, "shadow");
  return app;
}

/** Commits exactly these objects. */
function declare(app: TestApp, objects: readonly Resource[]): Promise<string> {
  return app.commit({ "all.yaml": objects.map((object) => `---\n${JSON.stringify(object)}\n`).join("") });
}

function placed(app: TestApp, objects: readonly Resource[]): Resource[] {
  return objects.map((object) => ({ ...object, metadata: { ...object.metadata, namespace: app.namespace } }));
}

async function adopted(app: TestApp): Promise<void> {
  expect(await holdfast("adopt", app.name)).toMatchObject({ code: 0 });
  await inPhase(app, "synced");
}

function inPhase(app: TestApp, phase: string): Promise<true> {
  return eventually(`${app.name} is ${phase}`, () => world.phases.get(`app/argocd/${app.name}`) === phase);
}

function holdfast(...args: string[]) {
  return runCli({ home, kubeconfig: world.plane.kubeconfigPath }, args);
}

function refOf(app: TestApp, kind: string, name: string) {
  return { apiVersion: "v1", kind, namespace: app.namespace, name };
}

function versions(app: TestApp): Promise<Readonly<Record<string, string>>> {
  return versionsOf(world.client, KINDS, [app.namespace, "argocd"]);
}

/** What a re-creation or a rollout would change. */
async function identities(app: TestApp): Promise<Record<string, { uid: string; generation: unknown }>> {
  const found: Record<string, { uid: string; generation: unknown }> = {};
  for (const [kind, name] of [
    ["Deployment", "web"],
    ["ConfigMap", "a"],
  ] as const) {
    const { uid = "", generation } = (await app.object(kind, name))?.metadata ?? {};
    found[`${kind}/${name}`] = { uid, generation };
  }
  return found;
}

test("an adopted ApplicationSet is served beside an Argo CD that runs, and is given back with its policy", async () => {
  const name = "single";
  const ref = { apiVersion: "argoproj.io/v1alpha1", kind: "ApplicationSet", namespace: "argocd", name };
  const app = (element: string) =>
    world.client.get({ ...ref, kind: "Application", name: `${name}-${element}` }, { signal });
  const generators = (elements: readonly string[]) => [
    { list: { elements: elements.map((element) => ({ element })) } },
  ];
  const spec = {
    generators: generators(["a", "b"]),
    syncPolicy: { preserveResourcesOnDeletion: true },
    template: {
      metadata: { name: `${name}-{{element}}` },
      spec: {
        project: "default",
        source: { repoURL: world.git.url(name), path: "{{element}}", targetRevision: "main" },
        destination: { server: "https://kubernetes.default.svc", namespace: "default" },
      },
    },
  };
  const { apiVersion, kind, namespace } = ref;
  await world.client.create({ apiVersion, kind, metadata: { name, namespace }, spec }, { manager: "kubectl", signal });
  expect(await holdfast("adopt", `appset/${name}`, "--dry-run")).toMatchObject({ code: 0 });
  expect(await app("a")).toBeNull();

  expect((await holdfast("adopt", `appset/${name}`)).out).toContain("appset/argocd/single is adopted; Argo CD");
  await eventually("it makes both", async () => (await app("a")) !== null && (await app("b")) !== null);
  const patch = { spec: { generators: generators(["b"]) } };
  await world.client.patch(ref, patch, { type: "merge", manager: "kubectl", signal });
  await eventually("the first goes, as the set's own policy lets it", async () => (await app("a")) === null);

  expect(await holdfast("release", `appset/${name}`)).toMatchObject({ code: 0 });
  const live = await world.client.get(ref, { signal });
  expect(annotationsOf(live as Resource)).toEqual({});
  expect(live?.["spec"]).toMatchObject({ syncPolicy: { preserveResourcesOnDeletion: true } });
  expect(live?.["spec"]).not.toHaveProperty("syncPolicy.applicationsSync");
});
