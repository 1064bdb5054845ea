import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { goProgramPath } from "#adapters/go-program.ts";
import { connectCluster } from "#adapters/kube/cluster-client.ts";
import { loadKubeconfig } from "#adapters/kube/kubeconfig.ts";
import { HelperPools } from "#adapters/upstream/helper-pools.ts";
import { releaseTools } from "#adapters/upstream/release-tools.ts";
import { HelperPool, defaultPoolOptions } from "#adapters/upstream/helper-pool.ts";
import { decodeHelmRelease, encodeHelmRelease } from "#adapters/upstream/helm-release.ts";
import { helmRender } from "#adapters/upstream/helm-render.ts";
import type { HelmRendered } from "#adapters/upstream/helm-render.ts";
import { releaseSecret, releaseSecretName, releaseSelector, releaseSummaryOf } from "#core/helm/release-record.ts";
import type { HelmRelease } from "#core/helm/release.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import { ReleaseStore } from "#engine/release/release-store.ts";
import { plainApp } from "#engine/testing/app.ts";
import { temporaryDirectory, useControlPlane } from "#test/support/control-plane.ts";
import { officialTool } from "#test/support/official-tool.ts";
import { until } from "#test/support/watch-recorder.ts";

const signal = new AbortController().signal;
const chart = {
  "Chart.yaml": 'apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: "2.0"\n',
  "values.yaml": "color: blue\n",
  "templates/a.yaml":
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "{{ .Release.Name }}-a"}\ndata: {color: "{{ .Values.color }}"}\n',
  "templates/NOTES.txt": "The color is {{ .Values.color }}.",
};

const world = useControlPlane();
const pool = new HelperPool(defaultPoolOptions(goProgramPath("holdfast-upstream-all")));
let folder: string;
let helmProgram: string;

beforeAll(async () => {
  folder = await temporaryDirectory();
  helmProgram = await officialTool("helm");
  for (const [path, text] of Object.entries(chart)) {
    await mkdir(dirname(join(folder, "web", path)), { recursive: true });
    await writeFile(join(folder, "web", path), text);
  }
});
afterAll(async () => {
  await pool.close();
  await rm(folder, { recursive: true, force: true });
});

async function output(program: string, ...args: string[]): Promise<string> {
  const env = { HOME: folder, KUBECONFIG: world().kubeconfigPath };
  return (await promisify(execFile)(program, args, { env, cwd: folder })).stdout;
}
const helm = (...args: string[]) => output(helmProgram, ...args);
const kubectl = (...args: string[]) => output(goProgramPath("controlplane"), "kubectl", ...args);
const colorOf = (name: string) => kubectl("get", "configmap", name, "-o", "jsonpath={.data.color}");

async function apply(name: string, ...objects: object[]): Promise<void> {
  await writeFile(join(folder, `${name}.json`), JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
  await kubectl("apply", "-f", join(folder, `${name}.json`));
}

function render(name: string, revision: number, color: string): Promise<HelmRendered> {
  const release = { name, namespace: "default", revision, isUpgrade: revision > 1 };
  const source = { kind: "directory", tree: memoryTree(chart), path: "" } as const;
  const options = { withChart: true };
  return helmRender(pool, { chart: source, values: [{ object: { color } }], release, options }, signal);
}

async function recorded(name: string, version: number, status: "deployed" | "superseded", rendered: HelmRendered) {
  const { chart: kept, config, manifest, notes } = rendered;
  const at = new Date().toISOString();
  const info = { status, notes, description: "Written by a test", first_deployed: at, last_deployed: at } as const;
  const release: HelmRelease = { name, namespace: "default", version, info, chart: kept!, config, manifest, hooks: [] };
  const { record } = await encodeHelmRelease(pool, { release }, signal);
  return releaseSecret({ release, storageNamespace: "default", record, written: { as: "created", atMs: Date.now() } });
}

/** The object with the marks by which Helm knows what is its own. */
function owned(name: string, { object }: HelmRendered["manifests"][number]): object {
  const annotations = { "meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": "default" };
  return {
    ...object,
    metadata: { ...object.metadata, annotations, labels: { "app.kubernetes.io/managed-by": "Helm" } },
  };
}

describe("release records", () => {
  test("that are written here are shown, rolled back and uninstalled by the official helm", async () => {
    const [blue, red] = [await render("ours", 1, "blue"), await render("ours", 2, "red")];
    await apply("ours", ...red.manifests.map((one) => owned("ours", one)));
    await apply("records", await recorded("ours", 1, "superseded", blue), await recorded("ours", 2, "deployed", red));

    expect(await helm("status", "ours")).toMatch(/STATUS: deployed\nREVISION: 2[^]*The color is red\./);
    expect(JSON.parse(await helm("list", "-o", "json"))).toMatchObject([
      { name: "ours", revision: "2", chart: "web-1.2.3" },
    ]);
    expect(await colorOf("ours-a")).toBe("red");

    await helm("rollback", "ours", "1");
    expect(await colorOf("ours-a")).toBe("blue");
    const history = JSON.parse(await helm("history", "ours", "-o", "json")) as object[];
    expect(history).toMatchObject([
      { status: "superseded" },
      { status: "superseded" },
      { revision: 3, status: "deployed" },
    ]);

    await helm("upgrade", "ours", join(folder, "web"), "--set", "color=green");
    expect(await colorOf("ours-a")).toBe("green");
    await helm("uninstall", "ours");
    expect(await kubectl("get", "configmap,secret", "-l", releaseSelector("ours"), "-o", "name")).toBe("");
    expect(await kubectl("get", "configmap", "ours-a", "--ignore-not-found")).toBe("");
  });

  test("that the official helm writes are read here, and render to the same again", async () => {
    await helm("install", "theirs", join(folder, "web"), "--set", "color=grey");
    const name = releaseSecretName("theirs", 1);
    const secret = JSON.parse(await kubectl("get", "secret", name, "-o", "json")) as ReturnType<typeof releaseSecret>;
    expect(releaseSummaryOf(secret)).toEqual({ name: "theirs", version: 1, status: "deployed" });
    const { release } = await decodeHelmRelease(pool, { secretData: secret.data.release }, signal);
    expect(release).toMatchObject({ name: "theirs", namespace: "default", version: 1, config: { color: "grey" } });
    expect(release.chart.metadata).toMatchObject({ name: "web", version: "1.2.3", appVersion: "2.0" });
    const { manifest, notes } = await render("theirs", 1, "grey");
    expect([manifest.trim(), notes]).toEqual([release.manifest.trim(), release.info.notes]);
  });

  test("that the store writes are Helm's, and what Helm does to them is told", async () => {
    const settings = await loadKubeconfig({ path: world().kubeconfigPath, signal });
    const client = connectCluster(settings);
    const pools = new HelperPools();
    const tools = releaseTools(pools, client);
    const told: string[] = [];
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    const clock = { now: () => Date.now(), monotonic: () => performance.now() };
    const onChange = (key: string) => void told.push(key);
    const audit = { append: () => {} };
    const options = { client, tools, namespaces: null, onChange, audit, clock, log, random: () => 0.5 };
    const store = new ReleaseStore(options);
    const stop = new AbortController();
    const running = store.run(stop.signal);
    const app = plainApp("stored");
    const storage = { namespace: "default", name: "stored" };
    const records = () => {
      const known = store.records(app.key, storage);
      return known.kind === "read" ? known.records : [];
    };
    const known = () => records().map(({ version, status, writtenFor }) => [version, status, writtenFor]);

    const storedAs = async (revision: number, status: "deployed" | "superseded") => {
      const target = { name: "stored", namespace: "default" };
      const release = { ...target, revision, isUpgrade: revision > 1 };
      const postRender = { strategy: "combined", steps: [] } as const;
      const values = [{ object: { color: revision === 1 ? "blue" : "red" } }];
      const place = { tree: memoryTree(chart), path: "" };
      const asked = { ...place, values, postRender, release, chartVersion: "", reuse: null, validateSchema: true };
      const rendered = await tools.render({ ...asked, as: null }, signal);
      const { chart: kept, config, manifest, notes, objects, configDigest } = rendered;
      const at = new Date().toISOString();
      const info = { status, notes, description: "Written by a test", first_deployed: at, last_deployed: at } as const;
      const record = { ...target, version: revision, info, chart: kept, config, manifest, hooks: [] };
      return { app, manager: "test", ociDigest: "", stored: { release: record, configDigest, objects, hooks: [] } };
    };
    store.records(app.key, storage);
    await until("the records were listed", () => told.length > 0);
    const first = await store.create({ ...(await storedAs(1, "deployed")), storageNamespace: "default" }, signal);
    expect(JSON.parse(await helm("list", "-o", "json", "--filter", "stored"))).toMatchObject([
      { name: "stored", revision: "1", status: "deployed", chart: "web-1.2.3" },
    ]);
    await store.update({ ...(await storedAs(1, "superseded")), summary: first.summary }, signal);
    const second = await storedAs(2, "deployed");
    const written = await store.create({ ...second, storageNamespace: "default" }, signal);
    const mark = app.object.uid;
    expect(known()).toEqual([
      [2, "deployed", mark],
      [1, "superseded", mark],
    ]);
    await apply("stored", ...second.stored.objects.map((object) => owned("stored", { object, path: "" })));
    expect(told).toHaveLength(1);

    await helm("rollback", "stored", "1");
    await until("Helm's records are seen", () => known().length === 3 && records()[0]?.status === "deployed");
    expect(known()).toEqual([
      [3, "deployed", null],
      [2, "superseded", null],
      [1, "superseded", mark],
    ]);
    expect(told.length).toBeGreaterThan(1);
    const [newest, , oldest] = records();
    const read = await store.read({ app, summary: newest!, ociDigest: "" }, signal);
    expect(read.objects).toMatchObject([{ metadata: { name: "stored-a" }, data: { color: "blue" } }]);
    const again = store.update({ ...second, summary: written.summary }, signal);
    await expect(again).rejects.toMatchObject({ code: 409 });

    await store.remove({ app, summary: oldest! }, signal);
    expect(JSON.parse(await helm("history", "stored", "-o", "json"))).toMatchObject([{ revision: 2 }, { revision: 3 }]);
    await helm("uninstall", "stored");
    await until("nothing is left", () => known().length === 0);
    stop.abort();
    await running;
    await client.close();
    await pools.close();
  });
});
