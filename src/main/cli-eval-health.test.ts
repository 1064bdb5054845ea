import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { evalActions } from "./cli-eval.ts";

// Each test starts a program.
vi.setConfig({ testTimeout: 30_000 });

const { signal } = new AbortController();
let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), "holdfast-eval-"))));
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: unknown): Promise<string> {
  await writeFile(join(folder, name), JSON.stringify(content));
  return join(folder, name);
}

const queue = { apiVersion: "example.com/v1", kind: "Queue", metadata: { name: "q" }, status: { depth: 3 } };
const settings = (data: Readonly<Record<string, string>>) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "argocd-cm" },
  data,
});

test("objects are judged by the scripts of the settings", async () => {
  const script = 'return {status = obj.status.depth > 2 and "Degraded" or "Healthy", message = "deep"}';
  const config = await file("cm.json", settings({ "resource.customizations.health.example.com_Queue": script }));
  const files = [await file("queue.json", queue)];
  const [judged] = await evalActions.health({ dialect: "argocd", config, files }, signal);
  expect(judged).toMatchObject({ id: "example.com/Queue//q", status: "Degraded", message: "deep" });
  const [plain] = await evalActions.health({ dialect: "argocd", files }, signal);
  expect(plain?.status).toBeNull();
});

test("a script that fails is named with its line", async () => {
  const config = await file(
    "cm.json",
    settings({ "resource.customizations.health.example.com_Queue": "local a = 1\nreturn x.y" }),
  );
  const files = [await file("queue.json", queue)];
  const [judged] = await evalActions.health({ dialect: "argocd", config, files }, signal);
  expect(judged?.status).toBe("Unknown");
  expect(judged?.message).toMatch(/^health\.lua of example\.com\/Queue:2: attempt to index/);
});

test("settings that cannot be used are refused by their key", async () => {
  const files = [await file("queue.json", queue)];
  const bad = await file("bad.json", settings({ "resource.customizations.actions.a_B": "definitions: 1" }));
  const health = (config: string) => evalActions.health({ dialect: "argocd", config, files }, signal);
  await expect(health(bad)).rejects.toThrow("resource.customizations.actions.a_B: definitions is no list");
  await expect(health(files[0] ?? "")).rejects.toThrow("it holds no ConfigMap argocd-cm");
});
