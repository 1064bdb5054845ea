import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { argoApp, fluxApp } from "./support/dialect-objects.ts";
import { useEngineWorld } from "./support/engine-world.ts";
import { eventually } from "./support/eventually.ts";

const world = useEngineWorld();
const { signal } = new AbortController();

const deployment = (version: string) => `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.example/web:${version}"}]}
`;
const configMap = (name: string, value: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {value: "${value}"}\n`;

for (const dialect of [fluxApp("journey"), argoApp("journey")]) {
  describe(`${dialect.name}: an app through its life`, () => {
    const namespace = `journey-${dialect.name}`;
    const repository = `journey-${dialect.name}`;
    const at = (apiVersion: string, kind: string, name: string) => ({ apiVersion, kind, namespace, name });
    const appNow = () => world.client.get(dialect.app, { signal });
    const done = (commit: string) =>
      eventually(`the app reports ${commit}`, async () => dialect.isDone(await appNow(), commit));
    const poke = async () => {
      if (dialect.name !== "argocd") return;
      const annotations = { "argocd.argoproj.io/refresh": "normal" };
      await world.client.patch(dialect.app, { metadata: { annotations } }, { type: "merge", manager: "test", signal });
    };

    test("first sync creates everything and reports it", async () => {
      const commit = await world.git.commit(repository, {
        "app/deployment.yaml": deployment("1.0.0"),
        "app/a.yaml": configMap("a", "1"),
        "app/b.yaml": configMap("b", "1"),
      });
      await world.client.apply(
        { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
        { manager: "test", signal },
      );
      for (const object of dialect.objects({ url: world.git.url(repository), path: "app", namespace })) {
        await world.client.apply(object, { manager: "test", signal });
      }
      await done(commit);
      expect(imageOf(await world.client.get(at("apps/v1", "Deployment", "web"), { signal }))).toBe(
        "registry.example/web:1.0.0",
      );
    });

    test("a commit changes the cluster", async () => {
      const commit = await world.git.commit(repository, { "app/deployment.yaml": deployment("1.1.0") });
      await poke();
      await done(commit);
      expect(imageOf(await world.client.get(at("apps/v1", "Deployment", "web"), { signal }))).toBe(
        "registry.example/web:1.1.0",
      );
    });

    test("a change by hand is healed within a second", async () => {
      const ref = at("v1", "ConfigMap", "a");
      await world.client.patch(ref, { data: { value: "by hand" } }, { type: "merge", manager: "hand", signal });
      const healed = async () => valueOf(await world.client.get(ref, { signal })) === "1";
      await eventually("the ConfigMap is healed", healed, 1_500);
    });

    test("an object deleted by hand comes back", async () => {
      const ref = at("v1", "ConfigMap", "a");
      const live = await world.client.get(ref, { signal });
      await world.client.delete(ref, { uid: live?.metadata.uid ?? "", signal });
      const back = async () => {
        const now = await world.client.get(ref, { signal });
        return now !== null && now.metadata.uid !== live?.metadata.uid;
      };
      await eventually("the ConfigMap is back", back);
    });

    test("a removed file is pruned, with its certificate", async () => {
      const commit = await world.git.commit(repository, { "app/b.yaml": null });
      await poke();
      await done(commit);
      await eventually(
        "b is gone",
        async () => (await world.client.get(at("v1", "ConfigMap", "b"), { signal })) === null,
      );
      const record = world.engine.audit.find(
        (one) => one.verb === "delete" && one.object === `ConfigMap/${namespace}/b`,
      );
      expect(record?.detail["certificate"]).toMatchObject({ cause: "left-source", allowedBy: "budget" });
    });

    test("a broken commit is refused with file and line, and healing goes on", async () => {
      await world.git.commit(repository, {
        "app/broken.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: broken\ndata: {",
      });
      await poke();
      await eventually("the status names the file", async () =>
        dialect.messages(await appNow()).includes("broken.yaml"),
      );
      const ref = at("v1", "ConfigMap", "a");
      await world.client.patch(ref, { data: { value: "by hand" } }, { type: "merge", manager: "hand", signal });
      await eventually("a is healed", async () => valueOf(await world.client.get(ref, { signal })) === "1");
      const commit = await world.git.commit(repository, { "app/broken.yaml": null });
      await poke();
      await done(commit);
    });

    test("a commit that would delete everything is held until it is approved", async () => {
      await world.git.commit(repository, { "app/deployment.yaml": null, "app/a.yaml": null, "app/.keep": "" });
      await poke();
      const held = await eventually("the status says that deletions are held", async () => {
        const text = dialect.messages(await appNow());
        return text.includes("held") ? text : false;
      });
      expect(held).toContain(`holdfast approve ${dialect.key}`);
      expect(await world.client.get(at("apps/v1", "Deployment", "web"), { signal })).not.toBeNull();
      const digest = /\(plan ([0-9a-f]+)\)/.exec(held)?.[1] ?? "";
      const annotations = { "holdfast.dev/approve": digest };
      await world.client.patch(dialect.app, { metadata: { annotations } }, { type: "merge", manager: "test", signal });
      await eventually(
        "everything is gone",
        async () => (await world.client.get(at("apps/v1", "Deployment", "web"), { signal })) === null,
      );
    });

    test("deleting the app deletes its objects and lets it go", async () => {
      const commit = await world.git.commit(repository, { "app/a.yaml": configMap("a", "2") });
      await poke();
      await done(commit);
      const live = await appNow();
      await world.client.delete(dialect.app, { uid: live?.metadata.uid ?? "", signal });
      await eventually("the app is gone", async () => (await appNow()) === null);
      expect(await world.client.get(at("v1", "ConfigMap", "a"), { signal })).toBeNull();
    });
  });
}

function imageOf(object: Resource | null): string | undefined {
  const spec = object?.["spec"] as { template: { spec: { containers: { image: string }[] } } } | undefined;
  return spec?.template.spec.containers[0]?.image;
}

function valueOf(object: Resource | null): string | undefined {
  return (object?.["data"] as { value?: string } | undefined)?.value;
}
