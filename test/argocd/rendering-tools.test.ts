import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChartServer } from "../support/chart-server.ts";
import { configMap, useArgoWorld } from "./argo-world.ts";

const world = useArgoWorld({ withNodes: false });
const { signal } = new AbortController();

async function settings(data: Readonly<Record<string, string>>): Promise<void> {
  const metadata = { name: "argocd-cm", namespace: "argocd" };
  await world.client.apply({ apiVersion: "v1", kind: "ConfigMap", metadata, data }, { manager: "admin", signal });
}

describe.concurrent("a directory with Jsonnet", () => {
  const main = `
    local lib = import 'names.libsonnet';
    function(count) [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: lib.name(i) }, data: { value: std.extVar('value') } }
      for i in std.range(1, count)
    ]`;
  const jsonnet = {
    libs: ["lib"],
    extVars: [{ name: "value", value: "of ${ARGOCD_APP_NAME}, $$" }],
    tlas: [{ name: "count", value: "2", code: true }],
  };

  test("is evaluated, and again when an import changes", async () => {
    const app = world.app("jsonnet");
    await world.git.commit(app.name, { "lib/names.libsonnet": "{ name(i):: 'cm-%d' % i }" });
    const first = await app.commit({ "main.jsonnet": main, "plain.yaml": configMap("plain") });
    await app.create({ source: { directory: { jsonnet } } });
    const { rows, status } = await app.settled(first);
    expect(rows.map((row) => row["name"])).toEqual(["cm-1", "cm-2", "plain"]);
    expect(status["sourceType"]).toBe("Directory");
    expect(await app.config("cm-2")).toEqual({ value: "of jsonnet, $" });
    const second = await world.git.commit(app.name, { "lib/names.libsonnet": "{ name(i):: 'new-%d' % i }" });
    await app.refresh();
    expect((await app.settled(second)).rows.map((row) => row["name"])).toEqual(["new-1", "new-2", "plain"]);
  });

  test("is refused by its place, and nothing is deleted", async () => {
    const app = world.app("jsonnet-outside");
    const first = await app.commit({ "a.jsonnet": configMap("a") });
    await app.create();
    await app.settled(first);
    await app.commit({ "a.jsonnet": "{} +\nimport '../../secret'" });
    await app.refresh();
    const { conditions } = await app.until("it is told", ({ conditions }) => conditions.length > 0);
    expect(conditions.join()).toContain('app/a.jsonnet:2: "../secret" leaves the repository');
    expect(await app.config("a")).toEqual({ value: "1" });
  });
});

describe("a kustomization with charts", () => {
  const charts = new ChartServer();
  beforeAll(() => charts.start());
  afterAll(() => charts.stop());

  test("is refused until the installation enables them, then built of charts here and elsewhere", async () => {
    const app = world.app("kustomize-charts");
    charts.publish("far", "1.2.0", {
      files: { "templates/a.yaml": configMap("{{ .Release.Name }}", "{{ .Values.v }}") },
    });
    const commit = await app.commit({
      "kustomization.yaml": `helmCharts:
- {name: near, releaseName: near}
- {name: far, releaseName: far, repo: "${charts.url}", version: 1.x, valuesInline: {v: "2"}}
`,
      "charts/near/Chart.yaml": "{apiVersion: v2, name: near, version: 1.0.0}\n",
      "charts/near/templates/cm.yaml": configMap("{{ .Release.Name }}", "{{ .Chart.Version }}"),
    });
    await app.create();
    const { conditions } = await app.until("it is refused", ({ conditions }) => conditions.length > 0);
    expect(conditions.join()).toContain(
      "app/kustomization.yaml: helmCharts in a kustomization are not rendered without --enable-helm",
    );
    await settings({ "kustomize.buildOptions": "--enable-helm --load-restrictor LoadRestrictionsNone" });
    const { rows, status } = await app.settled(commit);
    expect(rows.map((row) => row["name"])).toEqual(["far", "near"]);
    expect(status["sourceType"]).toBe("Kustomize");
    expect(await app.config("far")).toEqual({ value: "2" });
    expect(await app.config("near")).toEqual({ value: "1.0.0" });
  });
});

test("annotations of a kustomize block may name the build environment", async () => {
  const app = world.app("kustomize-environment");
  const commit = await app.commit({ "kustomization.yaml": "resources: [cm.yaml]\n", "cm.yaml": configMap("cm") });
  const commonAnnotations = { at: "$ARGOCD_APP_REVISION_SHORT of ${ARGOCD_APP_NAMESPACE}" };
  await app.create({ source: { kustomize: { commonAnnotations, commonAnnotationsEnvsubst: true } } });
  await app.settled(commit);
  const at = `${commit.slice(0, 7)} of ${app.namespace}`;
  expect((await app.object("ConfigMap", "cm"))?.metadata.annotations).toMatchObject({ at });
});

test("files of LFS are fetched where the repository's Secret says so, and what cannot be had is named", async () => {
  const app = world.app("lfs");
  const text = configMap("large");
  const oid = createHash("sha256").update(text).digest("hex");
  const objects = new Map<string, string>();
  world.git.behaviour.lfs = objects;
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${text.length}\n`;
  const commit = await app.commit({ "large.yaml": pointer });
  const metadata = { name: "lfs", namespace: "argocd", labels: { "argocd.argoproj.io/secret-type": "repository" } };
  const stringData = { url: app.url, enableLfs: "true" };
  await world.client.apply({ apiVersion: "v1", kind: "Secret", metadata, stringData }, { manager: "admin", signal });
  await app.create();
  const { conditions } = await app.until("it is told", (view) => view.conditions.length > 0);
  expect(conditions.join()).toContain("Cannot fetch app/large.yaml from LFS: the server does not have it (404)");
  objects.set(oid, text);
  await app.refresh();
  await app.settled(commit);
  expect(await app.config("large")).toEqual({ value: "1" });
});
