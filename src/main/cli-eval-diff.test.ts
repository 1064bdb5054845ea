import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

// Each call starts the program and its helper.
vi.setConfig({ testTimeout: 60_000 });

const program = new URL("cli.ts", import.meta.url).pathname;
let directory = "";
beforeAll(async () => void (directory = await mkdtemp(join(tmpdir(), "eval-diff-"))));
afterAll(() => rm(directory, { recursive: true }));

const deployment = (containers: readonly object[], replicas: number) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "shop" },
  spec: { replicas, template: { spec: { containers } } },
});

const application = (ignoreDifferences: readonly object[]) => ({
  apiVersion: "argoproj.io/v1alpha1",
  kind: "Application",
  metadata: { name: "shop", namespace: "argocd" },
  spec: {
    source: { repoURL: "https://git.example/shop.git", path: "." },
    destination: { name: "in-cluster", namespace: "shop" },
    ignoreDifferences,
  },
});

const argocdCm = (data: Readonly<Record<string, string>>) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "argocd-cm" },
  data,
});

async function file(name: string, content: object): Promise<string> {
  const path = join(directory, `${name}.json`);
  await writeFile(path, JSON.stringify(content));
  return path;
}

const web = (image: string) => ({ name: "web", image });

async function diff(...extra: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const live = deployment([{ name: "added", image: "x" }, web("web:2")], 3);
  return evaluated("diff", live, extra);
}

async function evaluated(
  what: "diff" | "plan",
  stored: object,
  extra: readonly string[],
): Promise<{ code: number; out: string; err: string }> {
  const desired = await file("desired", deployment([web("web:1")], 1));
  const live = await file("live", stored);
  const args = ["eval", what, "--dialect", "argocd", "--desired", desired, "--live", live, ...extra];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [program, ...args], { timeout: 50_000 }, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

const IMAGE = "/spec/template/spec/containers/1/image";

test("eval diff compares by the rules of an application and of its installation", async () => {
  expect(await diff()).toMatchObject({ code: 3, out: `/spec/replicas\n${IMAGE}\n` });
  const query = '.spec.template.spec.containers[] | select(.name == "web").image';
  const app = await file("app", application([{ group: "apps", kind: "Deployment", jqPathExpressions: [query] }]));
  expect(await diff("--app", app)).toMatchObject({ code: 3, out: "/spec/replicas\n" });
  const key = "resource.customizations.ignoreDifferences.apps_Deployment";
  const config = await file("config", argocdCm({ [key]: "jsonPointers: [/spec/replicas]" }));
  expect(await diff("--config", config)).toMatchObject({ code: 3, out: `${IMAGE}\n` });
  expect(await diff("--config", config, "--app", app)).toMatchObject({ code: 0, out: "" });
});

test("eval diff names what cannot be used of the installation's settings", async () => {
  const key = "resource.customizations.ignoreDifferences.apps_Deployment";
  const broken = await file("broken", argocdCm({ [key]: "jsonPointers: []\nother: }\n" }));
  const { code, err } = await diff("--config", broken);
  expect(code).toBeGreaterThan(0);
  expect(err).toContain(`argocd-cm: ${key}: it is no YAML in its line 2`);
  const none = await file("none", deployment([], 1));
  expect((await diff("--config", none)).err).toContain("it holds no ConfigMap argocd-cm or argocd-cmd-params-cm");
});

test("eval plan leaves alone what the application leaves to expressions and managers", async () => {
  const scaled = deployment([web("web:2")], 3);
  const fieldsV1 = { "f:spec": { "f:replicas": {} } };
  const managedFields = [
    { manager: "scaler", operation: "Update", apiVersion: "apps/v1", fieldsType: "FieldsV1", fieldsV1 },
  ];
  const live = { ...scaled, metadata: { ...scaled.metadata, managedFields } };
  const inventory = await file("inventory", { apiVersion: "v1", kind: "List", items: [] });
  const planned = async (rules: readonly object[]) => {
    const app = await file("app", application(rules));
    const { out, err } = await evaluated("plan", live, ["--app", app, "--inventory", inventory]);
    if (out === "") throw new Error(err);
    const { stages } = JSON.parse(out) as { stages: { changes: { action: string; paths: string[] }[] }[] };
    return stages.flatMap(({ changes }) => changes.flatMap(({ paths }) => paths));
  };
  const about = { group: "apps", kind: "Deployment" };
  const image = { ...about, jqPathExpressions: ['.spec.template.spec.containers[] | select(.name == "web").image'] };
  const scaler = { ...about, managedFieldsManagers: ["scaler"] };
  expect(await planned([])).toEqual(["/spec/replicas", "/spec/template/spec/containers/0/image"]);
  expect(await planned([image])).toEqual(["/spec/replicas"]);
  expect(await planned([image, scaler])).toEqual([]);
});
