import { describe, expect, test } from "vitest";
import { type AppFields, configMap, type TestApp, useArgoWorld } from "./argo-world.ts";

const world = useArgoWorld({ withNodes: false });
const { signal } = new AbortController();
const automated = { prune: true, selfHeal: true };
const withOptions = (...syncOptions: string[]): AppFields => ({ spec: { syncPolicy: { automated, syncOptions } } });
const own = (options: string) => ({ "argocd.argoproj.io/sync-options": options });
const CASCADE = "resources-finalizer.argocd.argoproj.io";

/** What a person does who confirms deletions. */
async function confirm(app: TestApp, ageMs = 0): Promise<void> {
  const at = new Date(Date.now() - ageMs).toISOString();
  await app.patch({ metadata: { annotations: { "argocd.argoproj.io/deletion-approved": at } } });
}

describe.concurrent("sync options", () => {
  test("Prune=confirm keeps what left the source until a person has confirmed it, and says how", async () => {
    const app = world.app("prune-confirm");
    await app.commit({ "a.yaml": configMap("a"), "b.yaml": configMap("b", "1", own("Prune=confirm")) });
    await app.create();
    await app.until("it is applied", ({ sync }) => sync === "Synced");
    await confirm(app, 60_000);
    await app.commit({ "b.yaml": null });
    await app.refresh();
    const waiting = await app.until("it asks", ({ conditions }) => conditions.join().includes("wait for confirmation"));
    expect(waiting.sync).toBe("OutOfSync");
    expect(waiting.conditions.join()).toContain(
      "ConfigMap/in-prune-confirm/b. Confirm with: kubectl annotate --overwrite -n argocd application prune-confirm",
    );
    expect(waiting.rows.find((row) => row["name"] === "b")).toMatchObject({
      requiresPruning: true,
      requiresDeletionConfirmation: true,
    });
    expect(await app.config("b")).toEqual({ value: "1" });
    await confirm(app);
    const done = await app.until("it is pruned", ({ sync }) => sync === "Synced");
    expect(await app.config("b")).toBeNull();
    expect(done.conditions).toEqual([]);
  });

  test("Delete=confirm keeps a deleted application and its objects until a person has confirmed it", async () => {
    const app = world.app("delete-confirm");
    const commit = await app.commit({ "a.yaml": configMap("a") });
    await app.create({ metadata: { finalizers: [`${CASCADE}/background`] }, ...withOptions("Delete=confirm") });
    await app.settled(commit);
    const deleted = app.delete();
    const waiting = await app.until("it asks", ({ conditions }) => conditions.join().includes("wait for confirmation"));
    expect(waiting.object.metadata.deletionTimestamp).toBeDefined();
    expect(await app.config("a")).toEqual({ value: "1" });
    await confirm(app);
    await deleted;
    expect(await app.config("a")).toBeNull();
  });

  test("FailOnSharedResource=true applies nothing while another application declares an object too", async () => {
    const first = world.app("shared-first");
    const commit = await first.commit({ "a.yaml": configMap("a") });
    await first.create();
    await first.settled(commit);
    const second = world.app("shared-second");
    await second.commit({ "a.yaml": configMap("a", "2"), "b.yaml": configMap("b") });
    const destination = { server: "https://kubernetes.default.svc", namespace: first.namespace };
    await second.create({
      spec: { destination, syncPolicy: { automated, syncOptions: ["FailOnSharedResource=true"] } },
    });
    const failed = await second.until("it is refused", ({ phase }) => phase === "Failed");
    expect(failed.message).toContain("Shared resource found: ConfigMap/a is part of applications argocd/shared-second");
    expect(await first.config("a")).toEqual({ value: "1" });
    expect(await first.config("b")).toBeNull();
    await first.commit({ "a.yaml": null, "c.yaml": configMap("c") });
    await first.refresh();
    await second.until("it is applied", ({ sync }) => sync === "Synced");
    expect(await first.config("a")).toEqual({ value: "2" });
  });

  test("managedNamespaceMetadata is kept on the namespace that the application creates, and nothing else of it", async ({
    expect,
  }) => {
    const app = world.app("labelled");
    const commit = await app.commit({ "a.yaml": configMap("a") });
    const metadata = (labels: Record<string, string>) => ({
      syncPolicy: {
        automated,
        syncOptions: ["CreateNamespace=true"],
        managedNamespaceMetadata: { labels, annotations: { note: "ours" } },
      },
    });
    await app.create({ bare: true, spec: metadata({ team: "a", old: "x" }) });
    await app.settled(commit);
    const namespace = async () => (await app.object("Namespace", app.namespace, ""))?.metadata;
    expect((await namespace())?.labels).toMatchObject({ team: "a", old: "x" });
    expect((await namespace())?.annotations).toMatchObject({ note: "ours" });
    await app.edit("Namespace", app.namespace, { metadata: { labels: { theirs: "1", team: "b" } } }).catch(() => {});
    const ref = { apiVersion: "v1", kind: "Namespace", namespace: "", name: app.namespace };
    await world.client.patch(
      ref,
      { metadata: { labels: { theirs: "1", team: "b" } } },
      { type: "merge", manager: "hand", signal },
    );
    await app.patch({ spec: { syncPolicy: { managedNamespaceMetadata: { labels: { old: null } } } } });
    await app.until("the label is back", () => true);
    await expect.poll(async () => (await namespace())?.labels).toMatchObject({ team: "a", theirs: "1" });
    await expect.poll(async () => (await namespace())?.labels?.["old"]).toBeUndefined();
  });

  test("an operation brings options of its own", async () => {
    const app = world.app("own-options");
    await app.commit({ "a.yaml": configMap("a") });
    await app.create({ bare: true, spec: { syncPolicy: {} } });
    await app.until("it was compared", ({ sync }) => sync === "OutOfSync");
    const done = await app.operate({ syncOptions: ["CreateNamespace=true"] });
    expect(done.phase).toBe("Succeeded");
    expect(await app.config("a")).toEqual({ value: "1" });
  });

  test("SkipDryRunOnMissingResource lets a kind pass that nobody serves yet, and Validate=false what no schema knows", async () => {
    const app = world.app("unchecked");
    await app.commit({
      "a.yaml": configMap("a", "1", { "argocd.argoproj.io/sync-wave": "-1" }),
      "b.yaml": JSON.stringify({
        apiVersion: "missing.example/v1",
        kind: "Thing",
        metadata: { name: "b", annotations: own("SkipDryRunOnMissingResource=true") },
      }),
    });
    await app.create({ spec: { syncPolicy: { automated, retry: { limit: 0 } } } });
    const failed = await app.until("it failed", ({ phase }) => phase === "Failed");
    expect(failed.message).toContain("one or more objects failed to apply");
    expect(await app.config("a")).toEqual({ value: "1" });
  });

  test("deletions go from the highest wave to the lowest, each when the one before is gone", async () => {
    const app = world.app("pruned-waves");
    const wave = (value: string) => ({ "argocd.argoproj.io/sync-wave": value });
    await app.commit({
      "keep.yaml": configMap("keep"),
      "a.yaml": configMap("a", "1", wave("1")),
      "b.yaml": configMap("b", "1", wave("2")),
    });
    await app.create();
    await app.until("it is applied", ({ sync }) => sync === "Synced");
    await app.edit("ConfigMap", "b", { metadata: { finalizers: ["example.test/hold"] } });
    await app.commit({ "a.yaml": null, "b.yaml": null });
    await app.refresh();
    const waiting = await app.until("it waits", ({ message }) => message.startsWith("waiting for deletion of"));
    expect(waiting.message).toBe("waiting for deletion of /ConfigMap/b");
    expect(await app.config("a")).toEqual({ value: "1" });
    await app.edit("ConfigMap", "b", { metadata: { finalizers: null } });
    await app.until("it is done", ({ sync }) => sync === "Synced");
    expect(await app.config("a")).toBeNull();
  });
});
