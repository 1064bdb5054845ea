import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { settingsOf, startEngine } from "../support/engine.ts";
import { configMap, useArgoWorld } from "./argo-world.ts";

const world = useArgoWorld({ withNodes: false });
const { signal } = new AbortController();
const TRACKING = "argocd.argoproj.io/tracking-id";
const INSTANCE = "app.kubernetes.io/instance";

/** Writes `argocd-cm` as a person would; null: takes it away. */
async function settings(data: Readonly<Record<string, string>> | null): Promise<void> {
  const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: "argocd", name: "argocd-cm" };
  if (data) {
    const object = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: ref.name, namespace: ref.namespace },
      data,
    };
    await world.client.apply(object, { manager: "admin", signal });
    return;
  }
  const live = await world.client.get(ref, { signal });
  if (live) await world.client.delete(ref, { uid: live.metadata.uid ?? "", signal });
}

test("the tracking method counts from the moment it is chosen, and no object is made again for it", async () => {
  const app = world.app("tracked");
  const commit = await app.commit({ "a.yaml": configMap("a"), "b.yaml": configMap("b") });
  await app.create();
  await app.settled(commit);
  const marks = async (name: string) => {
    const metadata = (await app.object("ConfigMap", name))?.metadata;
    return {
      uid: metadata?.uid,
      id: metadata?.annotations?.[TRACKING],
      installation: metadata?.annotations?.["argocd.argoproj.io/installation-id"],
      label: metadata?.labels?.[INSTANCE],
      own: metadata?.labels?.["example.com/app"],
    };
  };
  const id = "tracked:/ConfigMap:in-tracked/a";
  const { uid } = await marks("a");
  const nothing = { uid, id: undefined, installation: undefined, label: undefined, own: undefined };
  const become = (wanted: object) =>
    eventually(`marks are ${JSON.stringify(wanted)}`, async () =>
      isDeepStrictEqual(await marks("a"), { ...nothing, ...wanted }),
    );
  await become({ id });
  await settings({ "application.resourceTrackingMethod": "annotation+label", installationID: "east" });
  await become({ id, label: "tracked", installation: "east" });
  await settings({ "application.resourceTrackingMethod": "label", "application.instanceLabelKey": "example.com/app" });
  await become({ own: "tracked" });
  // What is not usable changes nothing, and is told.
  await settings({ "application.resourceTrackingMethod": "lable", "application.instanceLabelKey": "example.com/app" });
  const told = 'application.resourceTrackingMethod: "lable" is none of annotation, annotation+label, label';
  const isTold = () => world.events.get("argocd-cm")?.some(({ message }) => message === told);
  await eventually("the problem is told", isTold);
  await become({ own: "tracked" });
  const next = await app.commit({ "b.yaml": null });
  await app.refresh();
  await app.settled(next);
  expect(await app.config("b")).toBeNull();
  await settings(null);
  await become({ id });
});

/** A ConfigMap with these values. */
const values = (data: Readonly<Record<string, string>>) =>
  JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data });

test("jq expressions and managers say what is left to others, also where the object is written", async () => {
  const app = world.app("ignoring");
  const first = await app.commit({ "a.yaml": values({ own: "1", scaled: "1", hand: "1" }) });
  await app.create({
    spec: {
      ignoreDifferences: [
        { kind: "ConfigMap", jqPathExpressions: ['.data | select(.own != "0") | .hand'] },
        { kind: "Config*", name: "a", managedFieldsManagers: ["scaler"] },
      ],
      syncPolicy: {
        automated: { prune: true, selfHeal: true },
        syncOptions: ["RespectIgnoreDifferences=true"],
      },
    },
  });
  await app.settled(first);
  await app.edit("ConfigMap", "a", { data: { hand: "7" } });
  const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: app.namespace, name: "a" };
  await world.client.patch(ref, { data: { scaled: "9" } }, { type: "merge", manager: "scaler", signal });
  const second = await app.commit({ "a.yaml": values({ own: "2", scaled: "1", hand: "1" }) });
  await app.refresh();
  await app.settled(second);
  expect(await app.config("a")).toEqual({ own: "2", scaled: "9", hand: "7" });
  await app.edit("ConfigMap", "a", { data: { own: "3", hand: "8" } });
  await eventually("what is not ignored is healed", async () => (await app.config("a"))?.["own"] === "2");
  expect(await app.config("a")).toMatchObject({ scaled: "9", hand: "8" });
});

test("what the installation ignores counts in every app, until it does not any more", async () => {
  const app = world.app("ignored-by-all");
  const key = "resource.customizations.ignoreDifferences";
  await settings({
    [`${key}.ConfigMap`]: "jqPathExpressions: [.data.free]",
    [`${key}.all`]: "jsonPointers: [/data/any]",
  });
  const commit = await app.commit({ "a.yaml": values({ free: "1", any: "1", own: "1" }) });
  await app.create();
  await app.settled(commit);
  await app.edit("ConfigMap", "a", { data: { free: "2", any: "2" } });
  await app.edit("ConfigMap", "a", { data: { own: "2" } });
  await eventually("the rest is healed", async () => (await app.config("a"))?.["own"] === "1");
  await app.until("it is synced", ({ sync }) => sync === "Synced");
  expect((await app.config("a"))?.["own"]).toBe("1");
  await settings(null);
  await eventually("all is healed", async () =>
    isDeepStrictEqual(await app.config("a"), { free: "1", any: "1", own: "1" }),
  );
});

test("an expression that is none stops its app alone, which says so", async () => {
  const app = world.app("no-expression");
  await app.commit({ "a.yaml": values({ own: "1" }) });
  const query = ".data | select(";
  await app.create({ spec: { ignoreDifferences: [{ kind: "ConfigMap", jqPathExpressions: [query] }] } });
  const { conditions } = await app.until("it says so", (view) => view.conditions.some((one) => one.includes(query)));
  expect(conditions.find((one) => one.includes(query))).toMatch(
    /^ComparisonError: .*Cannot compare by jqPathExpressions/,
  );
  expect(await app.config("a")).toBeNull();
});

test("excluded kinds are left alone, are told, and count again once they are not excluded", async () => {
  const app = world.app("excluding");
  const secret = JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, stringData: { a: "1" } });
  const lease = JSON.stringify({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "l" } });
  const first = await app.commit({
    "a.yaml": configMap("a"),
    "b.yaml": configMap("b"),
    "s.yaml": secret,
    "l.yaml": lease,
  });
  await app.create();
  await app.settled(first);
  await settings({ "resource.exclusions": "- {apiGroups: [''], kinds: [ConfigMap], clusters: ['*']}" });
  const warning = (kind: string, name: string) =>
    `ExcludedResourceWarning: Resource ${kind} ${name} is excluded in the settings`;
  const wanted = [warning("/ConfigMap", "a"), warning("coordination.k8s.io/Lease", "l")];
  const view = await app.until("it is told", ({ conditions }) => wanted.every((one) => conditions.includes(one)));
  expect(view.rows.map(({ kind }) => kind)).toEqual(["Secret"]);
  await app.edit("ConfigMap", "a", { data: { value: "2" } });
  const second = await app.commit({
    "b.yaml": null,
    "s.yaml": JSON.stringify({ ...(JSON.parse(secret) as object), stringData: { a: "2" } }),
  });
  await app.refresh();
  await app.settled(second);
  expect(await app.config("a")).toEqual({ value: "2" });
  expect(await app.config("b")).toEqual({ value: "1" });
  await settings(null);
  await eventually("it is healed", async () => (await app.config("a"))?.["value"] === "1");
  await eventually("what left is pruned", async () => (await app.config("b")) === null);
  await app.until("only what is always excluded is told", ({ conditions }) =>
    isDeepStrictEqual(conditions, [wanted[1]]),
  );
});

test("what nobody can read yet of what is excluded stops writes and deletions, by its key, until it can", async () => {
  const app = world.app("unread-limits");
  const first = await app.commit({ "a.yaml": configMap("a"), "b.yaml": configMap("b") });
  await app.create();
  await app.settled(first);
  await world.engine.stop();
  await settings({ "resource.exclusions": "- {kinds: [ConfigMap" });
  const second = await app.commit({ "a.yaml": configMap("a", "2"), "b.yaml": null });
  const again = await startEngine(settingsOf(world.plane, "admin"));
  try {
    const told = /^UnknownError: argocd-cm: resource\.exclusions cannot be used: .*; nothing is written or deleted/;
    const view = await app.until("it is told", ({ conditions }) => conditions.some((one) => told.test(one)));
    expect(view.sync).toBe("Unknown");
    await settings({ "resource.exclusions": "- {kinds: [ConfigMap]}" });
    await app.until("the kind is excluded", ({ conditions }) => /ExcludedResourceWarning/.test(conditions.join()));
    expect([await app.config("a"), await app.config("b")]).toEqual([{ value: "1" }, { value: "1" }]);
    await settings({});
    await app.settled(second);
    await eventually("what left is pruned", async () => (await app.config("b")) === null);
  } finally {
    await again.stop();
  }
});
