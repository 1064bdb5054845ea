import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChartServer } from "../support/chart-server.ts";
import { conditionOf, dataOf, useFluxWorld } from "./flux-world.ts";
import { configTemplate, HelmSpace, stateOf } from "./helm-space.ts";

const world = useFluxWorld();
let server: ChartServer;

const base = { "values.yaml": "color: blue\nsize: small\n", "templates/a.yaml": configTemplate("a") };
const sized = configTemplate("a", "{{ .Values.color }} {{ .Values.size }}");
const hook = (event: string) => configTemplate(event, "x", `{helm.sh/hook: ${event}}`);

beforeAll(async () => {
  server = await new ChartServer().start();
  server.publish("web", "1.0.0", { files: base });
  server.publish("web", "1.1.0", { files: base });
  server.publish("other", "1.0.0", { files: base });
  server.publish("sized", "1.0.0", { files: { ...base, "templates/a.yaml": sized } });
  server.publish("sized", "1.1.0", {
    files: { ...base, "values.yaml": "color: grey\nsize: large\n", "templates/a.yaml": sized },
  });
  server.publish("kept", "1.0.0", {
    files: { ...base, "templates/k.yaml": configTemplate("k", "x", "{helm.sh/resource-policy: keep}") },
  });
  server.publish("hooked", "1.0.0", {
    files: {
      ...base,
      "templates/pre.yaml": hook("pre-install"),
      "templates/one.yaml": configTemplate("one", "x", "{helm.sh/hook: test}"),
      "templates/two.yaml": configTemplate("two", "x", "{helm.sh/hook: test}"),
    },
  });
  server.publish("hooked", "1.1.0", {
    files: { ...base, "templates/three.yaml": configTemplate("three", "x", "{helm.sh/hook: test}") },
  });
  server.publish("refused", "1.0.0", {
    files: { ...base, "templates/b.yaml": configTemplate("b", "{{ fail .Values.color }}") },
  });
});
afterAll(() => server.stop());

const helmSpace = async (name: string) => new HelmSpace(world(), await world().space(name), server.url);
const record = (helm: HelmSpace, version: number, namespace = helm.name) =>
  helm.space.at("v1", "Secret", `sh.helm.release.v1.${helm.name}.v${version}`, namespace);

describe.concurrent("a HelmRelease's", () => {
  test("targetNamespace, createNamespace and storageNamespace say where objects and records go", async () => {
    const helm = await helmSpace("field-places");
    await world().apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "field-places-store" } });
    const places = { targetNamespace: "field-places-there", storageNamespace: "field-places-store" };
    await helm.release("web", "1.0.0", { ...places, install: { createNamespace: true } });
    const status = await helm.ready(1);
    expect(status.storageNamespace).toBe("field-places-store");
    const name = "field-places-there-field-places";
    await helm.space.present(helm.space.configMap(`${name}-a`, "field-places-there"));
    await helm.space.present(helm.space.at("v1", "Secret", `sh.helm.release.v1.${name}.v1`, "field-places-store"));
    await helm.remove();
    expect(await world().get({ apiVersion: "v1", kind: "Namespace", name: "field-places-there" })).not.toBeNull();
  });

  test("postRenderers and commonMetadata change what was rendered, and are an upgrade when they change", async () => {
    const helm = await helmSpace("field-renders");
    const patch = "- {op: add, path: /data/patched, value: 'yes'}";
    const postRenderers = [{ kustomize: { patches: [{ target: { kind: "ConfigMap" }, patch }] } }];
    await helm.release("web", "1.0.0", { postRenderers, commonMetadata: { labels: { team: "a" } } });
    await helm.ready(1);
    const made = await world().get(helm.space.configMap("field-renders-a"));
    expect([dataOf(made), made?.metadata.labels?.["team"]]).toEqual([{ color: "blue", patched: "yes" }, "a"]);
    await helm.release("web", "1.0.0", { postRenderers, commonMetadata: { labels: { team: "b" } } });
    await helm.ready(2);
    await helm.release("web", "1.0.0", { postRenderers: [] });
    await helm.ready(3);
    await helm.space.holds("field-renders-a", { color: "blue" });
  });

  test("disableTakeOwnership keeps it off what belongs to nobody or to another release", async () => {
    const helm = await helmSpace("field-owner");
    const metadata = { name: "field-owner-a", namespace: helm.name };
    await world().apply({ apiVersion: "v1", kind: "ConfigMap", metadata, data: { own: "1" } });
    await helm.release("web", "1.0.0", { install: { disableTakeOwnership: true } });
    const stalled = await helm.status("stalled", (status) => stateOf(status, "Stalled") === "True");
    expect(conditionOf(stalled, "Ready")?.message).toContain(
      "not part of this release: ConfigMap/field-owner/field-owner-a",
    );
    expect(dataOf(await world().get(helm.space.configMap("field-owner-a")))).toEqual({ own: "1" });
    await helm.release("web", "1.0.0", { install: { disableTakeOwnership: false } });
    await helm.ready(1);
  });

  test("keepHistory leaves a record, resource-policy an object, and maxHistory as many records as it says", async () => {
    const helm = await helmSpace("field-kept");
    await helm.release("kept", "1.0.0", { maxHistory: 2, uninstall: { keepHistory: true } });
    for (const [index, color] of ["red", "green", "blue"].entries()) {
      await helm.release("kept", "1.0.0", { values: { color } });
      await helm.status(
        `at ${color}`,
        (status) => (status.history?.[0]?.version ?? 0) > index && stateOf(status, "Ready") === "True",
      );
    }
    const latest =
      (await helm.status("ready", (status) => stateOf(status, "Ready") === "True")).history?.[0]?.version ?? 0;
    expect(await world().get(record(helm, latest - 2))).toBeNull();
    expect(await world().get(record(helm, latest - 1))).not.toBeNull();
    await helm.remove();
    const left = await world().get(record(helm, latest));
    expect(left?.metadata.labels?.["status"]).toBe("uninstalled");
    expect(await world().get(helm.space.configMap("field-kept-k"))).not.toBeNull();
    expect(await world().get(helm.space.configMap("field-kept-a"))).toBeNull();
    await helm.release("kept", "1.0.0", {});
    await helm.ready(latest + 1);
  });

  test("RetryOnFailure tries again by itself, and undoes nothing", async () => {
    const helm = await helmSpace("field-retries");
    await helm.release("refused", "1.0.0", {
      install: { strategy: { name: "RetryOnFailure", retryInterval: "1s" } },
    });
    const twice = await helm.status("tried twice", (status) => (status.installFailures ?? 0) >= 2);
    expect(stateOf(twice, "Stalled")).toBeUndefined();
    await helm.release("web", "1.0.0", {});
    await helm.ready(1);
  });

  test("disableHooks, and filters of tests, leave hooks out", async () => {
    const helm = await helmSpace("field-hooks");
    const tests = { enable: true, filters: [{ name: "field-hooks-two", exclude: true }] };
    await helm.release("hooked", "1.0.0", { install: { disableHooks: true }, test: tests });
    const status = await helm.ready(1);
    expect(stateOf(status, "TestSuccess")).toBe("True");
    expect(await world().get(helm.space.configMap("field-hooks-pre-install"))).toBeNull();
    expect(await world().get(helm.space.configMap("field-hooks-one"))).not.toBeNull();
    expect(await world().get(helm.space.configMap("field-hooks-two"))).toBeNull();
    await helm.release("hooked", "1.1.0");
    await helm.ready(2);
    expect(await world().get(helm.space.configMap("field-hooks-three"))).not.toBeNull();
  });

  test("preserveValues lets the values before count, defaults of the chart before included", async () => {
    const helm = await helmSpace("field-preserves");
    await helm.release("sized", "1.0.0", { values: { color: "red" } });
    await helm.ready(1);
    await helm.release("sized", "1.1.0", { values: {}, upgrade: { preserveValues: true } });
    await helm.ready(2);
    await helm.space.holds("field-preserves-a", { color: "red small" });
    await helm.release("sized", "1.1.0", { values: {}, upgrade: { preserveValues: false } });
    await world().patch(helm.ref, { metadata: { labels: { any: "thing" } } });
    await helm.status(
      "still at 2",
      (status) => status.history?.[0]?.version === 2 && stateOf(status, "Ready") === "True",
    );
  });

  test("chart of another name is another release, or an upgrade where that is asked for", async () => {
    const helm = await helmSpace("field-renamed");
    await helm.release("web", "1.0.0", { upgrade: { chartNameChangeStrategy: "InPlaceUpdate" } });
    await helm.ready(1);
    const before = await world().get(helm.space.configMap("field-renamed-a"));
    await helm.release("other", "1.0.0");
    await helm.ready(2);
    const after = await world().get(helm.space.configMap("field-renamed-a"));
    expect(after?.metadata.uid).toBe(before?.metadata.uid);
  });

  test("dependsOn waits for another release", async () => {
    const helm = await helmSpace("field-depends");
    const metadata = { name: "second", namespace: helm.name };
    const sourceRef = { kind: "HelmRepository", name: helm.name };
    await world().apply({
      apiVersion: "helm.toolkit.fluxcd.io/v2",
      kind: "HelmRelease",
      metadata,
      spec: {
        interval: "10m",
        chart: { spec: { chart: "web", version: "1.1.0", sourceRef } },
        dependsOn: [{ name: helm.name }],
      },
    });
    const second = helm.space.at("helm.toolkit.fluxcd.io/v2", "HelmRelease", "second");
    await helm.release("refused", "1.0.0");
    await helm.space.says("dependency 'field-depends/field-depends' is not ready", { ref: second });
    await helm.release("web", "1.0.0");
    await helm.space.present(helm.space.configMap("second-a"));
  });
});
