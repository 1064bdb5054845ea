import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { evalActions } from "./cli-eval.ts";

// Each test starts a program.
vi.setConfig({ testTimeout: 30_000 });

const { signal } = new AbortController();
let folder: string;
let file: string;
let config: string;

const deployment = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" }, spec: { replicas: 1 } };
const actions = `
mergeBuiltinActions: true
discovery.lua: |
  return {grow = {params = {{name = "by", default = "2"}}}, endless = {}}
definitions:
- name: grow
  action.lua: |
    obj.spec.replicas = obj.spec.replicas + tonumber(actionParams.by)
    return obj
- name: endless
  action.lua: while true do end
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-eval-"));
  [file, config] = [join(folder, "web.json"), join(folder, "cm.json")];
  await writeFile(file, JSON.stringify(deployment));
  const data = { "resource.customizations.actions.apps_Deployment": actions };
  const settings = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "argocd-cm" }, data };
  await writeFile(config, JSON.stringify(settings));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("lists what may be done to an object, by the settings and by its kind", async () => {
  const names = async (input: { file: string; config?: string }) =>
    (await evalActions.listActions(input, signal)).map(({ name }) => name);
  expect(await names({ file })).toEqual(["restart", "pause", "resume", "scale"]);
  expect(await names({ file, config })).toEqual(["endless", "grow", "restart", "pause", "resume", "scale"]);
});

test("prints what an action makes of the object", async () => {
  const run = (action: string, params: Record<string, string>) =>
    evalActions.runAction({ file, config, action, params }, signal);
  const replicas = (count: number) => [{ operation: "patch", resource: { ...deployment, spec: { replicas: count } } }];
  expect(await run("grow", {})).toEqual(replicas(3));
  expect(await run("grow", { by: "4" })).toEqual(replicas(5));
  expect(await run("scale", { replicas: "9" })).toEqual(replicas(9));
});

test("refuses what cannot be done, in words", async () => {
  const run = (action: string) => evalActions.runAction({ file, config, action, params: {} }, signal);
  await expect(run("shrink")).rejects.toThrow("there is no such action");
  await expect(run("resume")).rejects.toThrow("it means nothing for the object as it is now");
  await expect(run("scale")).rejects.toThrow('replicas must be a whole number, not ""');
  await expect(run("endless")).rejects.toThrow(/action\.lua endless of apps\/Deployment: it /);
});
