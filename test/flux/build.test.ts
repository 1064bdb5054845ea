import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { conditionOf, configMap, dataOf, deployment, useFluxWorld } from "./flux-world.ts";

const world = useFluxWorld();

const image = (object: unknown) => {
  const { spec } = object as { spec: { template: { spec: { containers: { image: string }[] } } } };
  return spec.template.spec.containers.map((container) => container.image);
};

describe.concurrent("what a Kustomization asks of the build", () => {
  test("path is where it begins, also without ./, and the whole repository when it is left out", async () => {
    const space = await world().space("paths");
    const commit = await space.commit({
      "app/a.yaml": configMap("a"),
      "app/deep/b.yaml": configMap("b"),
      "c.yaml": configMap("c"),
    });
    await space.kustomization({ path: "app/deep", namePrefix: "deep-" }, "deep");
    await space.kustomization({ path: undefined, namePrefix: "whole-" }, "whole");
    await space.kustomization({ path: "../app" }, "outside");
    const deep = await space.applied(commit, "deep");
    const whole = await space.applied(commit, "whole");
    expect(deep.inventory?.entries.map(({ id }) => id)).toEqual(["paths_deep-b__ConfigMap"]);
    expect(whole.inventory?.entries.map(({ id }) => id)).toEqual([
      "paths_whole-a__ConfigMap",
      "paths_whole-b__ConfigMap",
      "paths_whole-c__ConfigMap",
    ]);
    const refused = await space.says("spec.path", { ref: space.kustomizationRef("outside"), type: "Stalled" });
    expect(refused.reason).toBe("InvalidSpec");
  });

  test("a kustomization is generated where none is: folders with one count as one, others file by file", async () => {
    const space = await world().space("generated");
    const commit = await space.commit({
      "app/a.yaml": configMap("a"),
      "app/plain/b.yml": configMap("b"),
      "app/plain/notes.txt": "a: [",
      "app/built/kustomization.yaml": "namePrefix: built-\nresources: [c.yaml]\n",
      "app/built/c.yaml": configMap("c"),
      "app/built/unused.yaml": configMap("unused"),
    });
    await space.kustomization();
    const status = await space.applied(commit);
    expect(status.inventory?.entries.map(({ id }) => id)).toEqual([
      "generated_a__ConfigMap",
      "generated_b__ConfigMap",
      "generated_built-c__ConfigMap",
    ]);
  });

  test("names, namespace, patches, images and common metadata change what is built", async () => {
    const space = await world().space("overrides");
    await world().apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "overrides-target" } });
    const commit = await space.commit({ "app/web.yaml": deployment("web"), "app/a.yaml": configMap("a") });
    await space.kustomization({
      targetNamespace: "overrides-target",
      namePrefix: "pre-",
      nameSuffix: "-post",
      patches: [
        { target: { kind: "ConfigMap" }, patch: '[{"op": "replace", "path": "/data/value", "value": "patched"}]' },
        { patch: "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {minReadySeconds: 7}\n" },
      ],
      images: [{ name: "registry.example/web", newName: "mirror.example/web", newTag: "2.0.0" }],
      commonMetadata: { labels: { team: "shop" }, annotations: { note: "yes" } },
    });
    await space.applied(commit);
    const web = await world().get(space.at("apps/v1", "Deployment", "pre-web-post", "overrides-target"));
    expect(image(web)).toEqual(["mirror.example/web:2.0.0"]);
    expect(web?.["spec"]).toMatchObject({ minReadySeconds: 7, selector: { matchLabels: { app: "web" } } });
    expect(web?.metadata).toMatchObject({ labels: { team: "shop" }, annotations: { note: "yes" } });
    const patched = await world().get(space.configMap("pre-a-post", "overrides-target"));
    expect(dataOf(patched)).toEqual({ value: "patched" });
    expect(patched?.metadata).toMatchObject({ labels: { team: "shop" }, annotations: { note: "yes" } });
    expect(await world().get(space.configMap("a"))).toBeNull();
  });

  test("images of the spec win field by field over those of the repository", async () => {
    const space = await world().space("images");
    const commit = await space.commit({
      "app/kustomization.yaml":
        "resources: [web.yaml]\nimages: [{name: registry.example/web, newName: mirror.example/web, newTag: '1.5'}]\n",
      "app/web.yaml": deployment("web"),
    });
    await space.kustomization({ images: [{ name: "registry.example/web", newTag: "3.0" }] });
    await space.applied(commit);
    expect(image(await world().get(space.at("apps/v1", "Deployment", "web")))).toEqual(["mirror.example/web:3.0"]);
    await space.kustomization({ images: [{ name: "registry.example/web", digest: `sha256:${"a".repeat(64)}` }] });
    const pinned = `mirror.example/web@sha256:${"a".repeat(64)}`;
    await eventually("the digest replaces the tag", async () => {
      return image(await world().get(space.at("apps/v1", "Deployment", "web")))[0] === pinned;
    });
  });

  test("components are added, and absent ones only forgiven when the spec says so", async () => {
    const space = await world().space("components");
    const commit = await space.commit({
      "app/a.yaml": configMap("a"),
      "parts/label/kustomization.yaml":
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nlabels: [{pairs: {part: added}}]\n",
    });
    const components = ["../parts/label", "../parts/absent"];
    await space.kustomization({ components, ignoreMissingComponents: true });
    await space.kustomization({ components, namePrefix: "other-" }, "strict");
    await space.applied(commit);
    expect((await world().get(space.configMap("a")))?.metadata.labels).toMatchObject({ part: "added" });
    const failed = await space.says("parts/absent", { ref: space.kustomizationRef("strict") });
    expect(failed).toMatchObject({ status: "False", reason: "BuildFailed" });
    expect(await world().get(space.configMap("other-a"))).toBeNull();
  });
});

describe.concurrent("what cannot be built", () => {
  test("a path that does not exist is told in the words of Flux", async () => {
    const space = await world().space("nowhere");
    await space.commit({ "app/a.yaml": configMap("a") });
    await space.kustomization({ path: "./missing" });
    const failed = await space.says("kustomization path not found");
    expect(failed).toMatchObject({ status: "False", reason: "ArtifactFailed" });
    expect(failed.message).toContain("missing");
    const status = await space.status();
    expect(conditionOf(status, "Reconciling")?.reason).toBe("ProgressingWithRetry");
    expect(status.observedGeneration).toBe(-1);
  });

  test("a missing file of a kustomization is a failed build, and the other apps of the source go on", async () => {
    const space = await world().space("unbuildable");
    const commit = await space.commit({
      "app/kustomization.yaml": "resources: [gone.yaml]\n",
      "good/a.yaml": configMap("a"),
    });
    await space.kustomization();
    await space.kustomization({ path: "./good" }, "good");
    const failed = await space.says("gone.yaml");
    expect(failed).toMatchObject({ status: "False", reason: "BuildFailed" });
    expect((await space.status()).lastAttemptedRevision).toBe(`main@sha1:${commit}`);
    await space.applied(commit, "good");
  });

  test("a path or a link that leaves the repository is refused by name", async () => {
    const space = await world().space("leaving");
    await space.commit({
      "app/kustomization.yaml": "resources: [../../../../etc/passwd.yaml]\n",
      "link/a.yaml": { link: "/etc/hostname" },
    });
    await space.kustomization();
    await space.kustomization({ path: "./link" }, "link");
    expect((await space.says("passwd.yaml")).reason).toBe("BuildFailed");
    expect((await space.says("link/a.yaml", { ref: space.kustomizationRef("link") })).reason).toBe("BuildFailed");
  });

  test("the same object twice is refused and names both places", async () => {
    const space = await world().space("twice");
    await space.commit({ "app/a.yaml": `${configMap("a")}---\n${configMap("a", { value: "2" })}` });
    await space.kustomization();
    const failed = await space.says("(in app/a.yaml:1 and app/a.yaml:6)");
    expect(failed).toMatchObject({ status: "False", reason: "BuildFailed" });
    expect(await world().get(space.configMap("a"))).toBeNull();
  });

  test("an unknown kind fails by its name, and the rest of the app is not applied", async () => {
    const space = await world().space("unknown-kind");
    await space.commit({
      "app/a.yaml": configMap("a"),
      "app/w.yaml": "apiVersion: example.org/v1\nkind: Widget\nmetadata: {name: w}\n",
    });
    await space.kustomization();
    const failed = await space.says("Widget/unknown-kind/w");
    expect(failed).toMatchObject({ status: "False", reason: "ReconciliationFailed" });
    expect(failed.message).toContain("example.org/v1");
    expect(await world().get(space.configMap("a"))).toBeNull();
  });

  test("a namespace is not made: without it the object fails by name", async () => {
    const space = await world().space("homeless");
    await space.commit({ "app/a.yaml": configMap("a") });
    await space.kustomization({ targetNamespace: "homeless-elsewhere" });
    const failed = await space.says('namespaces "homeless-elsewhere" not found');
    expect(failed.reason).toBe("ReconciliationFailed");
    await space.kustomization({ targetNamespace: undefined }, "bare");
    await space.says("namespace not specified", { ref: space.kustomizationRef("bare") });
  });

  test("fields that cannot be served are refused by name, and are forgotten once they are right", async () => {
    const space = await world().space("unserved");
    const commit = await space.commit({ "app/a.yaml": configMap("a") });
    await space.kustomization({ path: "../up", dependsOn: [{ name: "other", readyExpr: "(" }] });
    const refused = await space.says("spec.path", { type: "Stalled" });
    expect(refused).toMatchObject({ status: "True", reason: "InvalidSpec" });
    expect(conditionOf(await space.status(), "Ready")).toMatchObject({ status: "False", reason: "InvalidSpec" });
    expect((await space.status()).observedGeneration).toBe(1);
    await space.kustomization();
    const { conditions } = await space.applied(commit);
    expect(conditions?.map(({ type }) => type)).toEqual(["Ready"]);
  });

  test("a spec of the wrong type does not pass the server, and one that passes is refused with its field", async () => {
    const space = await world().space("ill-typed");
    await expect(space.kustomization({ interval: "soon" })).rejects.toThrow(/spec\.interval/);
    await expect(space.kustomization({ prune: "yes" })).rejects.toThrow(/spec\.prune/);
    await space.kustomization({ path: `a${"b".repeat(5_000)}` });
    expect((await space.says("spec.path", { type: "Stalled" })).reason).toBe("InvalidSpec");
  });
});
