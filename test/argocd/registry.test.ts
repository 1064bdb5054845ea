import { afterAll, beforeAll, expect, test } from "vitest";
import { chartArchive } from "../support/chart-server.ts";
import { settingsOf, startEngine } from "../support/engine.ts";
import { type OciRegistry, startOciRegistry } from "../support/oci-registry.ts";
import { type ArgoView, configMap, useArgoWorld } from "./argo-world.ts";

const world = useArgoWorld({ withNodes: false });
const layerType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const { signal } = new AbortController();
let registry: OciRegistry;

beforeAll(async () => {
  registry = await startOciRegistry();
  for (const [name, url] of Object.entries({ plain: registry.host, named: `oci://${registry.host}` })) {
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace: "argocd", labels: { "argocd.argoproj.io/secret-type": "repo-creds" } },
      stringData: { url, type: "helm", enableOCI: "true", insecureOCIForceHttp: "true" },
    };
    await world.client.apply(secret, { manager: "test", signal });
  }
});
afterAll(() => registry?.stop());

/** A chart that says its version and where its values are from. */
function packed(version: string): Uint8Array {
  return chartArchive("teller", version, {
    "values.yaml": "from: chart\n",
    "values-prod.yaml": "from: prod\n",
    "templates/a.yaml": `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: told}\ndata: {version: "${version}", from: "{{ .Values.from }}"}\n`,
  });
}

const push = (repository: string, version: string) =>
  registry.push(repository, version, { layers: [{ mediaType: layerType, content: packed(version) }] });
const isAt = (revision: string) => (view: ArgoView) => view.sync === "Synced" && view.revision === revision;

test("a chart of a registry is followed within its range, with the scheme in its address and without", async () => {
  await push("charts/teller", "1.0.0");
  await push("charts/teller", "2.0.0");
  const bare = world.app("registry-bare");
  const schemed = world.app("registry-schemed");
  const chart = { path: undefined, chart: "teller", targetRevision: "1.x" };
  await bare.create({ source: { repoURL: `${registry.host}/charts`, ...chart } });
  await schemed.create({
    source: { repoURL: `oci://${registry.host}/charts`, ...chart, helm: { valueFiles: ["values-prod.yaml"] } },
  });
  await bare.until("it is synced", isAt("1.0.0"));
  await schemed.until("it is synced", isAt("1.0.0"));
  expect(await bare.config("told")).toEqual({ version: "1.0.0", from: "chart" });
  expect(await schemed.config("told")).toEqual({ version: "1.0.0", from: "prod" });
  await push("charts/teller", "1.1.0");
  await bare.refresh();
  await bare.until("the newer one is synced", isAt("1.1.0"));
  expect(await bare.config("told")).toMatchObject({ version: "1.1.0" });
});

test("an artifact of a registry is rendered by what its path holds", async () => {
  const files = {
    "plain/a.yaml": configMap("plain"),
    "built/kustomization.yaml": "resources: [a.yaml]\nnamePrefix: built-\n",
    "built/a.yaml": configMap("a"),
  };
  const digest = await registry.push("content", "v1", { files });
  const app = world.app("registry-content");
  const repoURL = `oci://${registry.host}/content`;
  await app.create({ source: { repoURL, path: "built", targetRevision: "v1" } });
  const built = await app.until("it is synced", isAt(digest));
  expect(built.status["sourceType"]).toBe("Kustomize");
  expect(await app.config("built-a")).toEqual({ value: "1" });
  await app.patch({ spec: { source: { path: "plain", targetRevision: digest } } });
  await app.until("the other path is rendered", ({ status }) => status["sourceType"] === "Directory");
  expect(await app.config("plain")).toEqual({ value: "1" });
});

test("an artifact that is a chart is rendered as one", async () => {
  const digest = await push("artifacts/teller", "3.0.0");
  const app = world.app("registry-chart");
  const helm = { valueFiles: ["values-prod.yaml"] };
  await app.create({
    source: { repoURL: `oci://${registry.host}/artifacts/teller`, path: ".", targetRevision: "3.x", helm },
  });
  const view = await app.until("it is synced", isAt(digest));
  expect(view.status["sourceType"]).toBe("Helm");
  expect(await app.config("told")).toEqual({ version: "3.0.0", from: "prod" });
});

test("a restarted controller goes on with several sources, and syncs nothing again", async () => {
  await push("kept/teller", "1.0.0");
  const values = await world.git.commit("kept-values", { "v.yaml": "from: values\n" });
  const sources = [
    {
      repoURL: `oci://${registry.host}/kept`,
      chart: "teller",
      targetRevision: "1.x",
      helm: { valueFiles: ["$values/v.yaml"] },
    },
    { repoURL: world.git.url("kept-values"), targetRevision: "main", ref: "values" },
  ];
  const app = world.app("registry-kept");
  await app.create({ spec: { sources, source: undefined } });
  const before = await app.until("it is synced", ({ sync, health }) => sync === "Synced" && health === "Healthy");
  const told = await app.object("ConfigMap", "told");
  await world.engine.stop();
  const again = await startEngine(settingsOf(world.plane, "admin"));
  try {
    const after = await app.refresh();
    expect(after.status["sync"]).toEqual(before.status["sync"]);
    expect(after.status["sync"]).toMatchObject({ status: "Synced", revisions: ["1.0.0", values] });
    expect([after.history, after.status["operationState"]]).toEqual([before.history, before.status["operationState"]]);
    expect((await app.object("ConfigMap", "told"))?.metadata.resourceVersion).toBe(told?.metadata.resourceVersion);
  } finally {
    await again.stop();
  }
});
