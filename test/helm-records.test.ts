import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { goProgramPath } from "#adapters/go-program.ts";
import { HelperPool, defaultPoolOptions } from "#adapters/upstream/helper-pool.ts";
import { decodeHelmRelease, encodeHelmRelease } from "#adapters/upstream/helm-release.ts";
import { helmRender } from "#adapters/upstream/helm-render.ts";
import type { HelmRendered } from "#adapters/upstream/helm-render.ts";
import { releaseSecret, releaseSecretName, releaseSelector, releaseSummaryOf } from "#core/helm/release-record.ts";
import type { HelmRelease } from "#core/helm/release.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import { temporaryDirectory, useControlPlane } from "#test/support/control-plane.ts";
import { officialTool } from "#test/support/official-tool.ts";

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
});
