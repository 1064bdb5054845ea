import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { usualSettings } from "#core/app/settings.ts";
import { runCli } from "../support/cli-program.ts";
import { type Service, startService } from "../support/service.ts";
import { configMap, useArgoWorld } from "./argo-world.ts";

const pluginDir = await mkdtemp(join(tmpdir(), "holdfast-plugins-"));
const world = useArgoWorld({
  withNodes: false,
  run: { pluginDir, vendorSettings: { ...usualSettings("argocd"), plugins: true } },
});
const services: Service[] = [];

/** Prints a ConfigMap of the name and value that a shell knows. */
const printed = (name: string, value: string) =>
  `printf '{apiVersion: v1, kind: ConfigMap, metadata: {name: "%s"}, data: {value: "%s"}}' "${name}" "${value}"`;

beforeAll(async () => {
  await mkdir(pluginDir, { recursive: true });
  const start = async (name: string, settings: object) =>
    services.push(await startService("cmp", { socket: join(pluginDir, `${name}.sock`), ...settings }));
  await start("finder", { discover: "made.by", generate: printed("found", "$ARGOCD_APP_NAME $KUBE_VERSION") });
  await start("broken", { generate: "echo 'no way' >&2; exit 1" });
  const command = ["sh", "-c", printed("$PARAM_NAME", "$ARGOCD_ENV_COLOR $PARAM_SIZES_1 $(cat value)")];
  const document = { kind: "ConfigManagementPlugin", metadata: { name: "own" }, spec: { generate: { command } } };
  await writeFile(join(pluginDir, "own.yaml"), JSON.stringify(document));
});
afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  await rm(pluginDir, { recursive: true, force: true });
});

test("a sidecar whose discovery finds the files renders them, and others are rendered as ever", async () => {
  const [app, other] = [world.app("plugin-found"), world.app("plugin-none")];
  const [commit, plain] = [
    await app.commit({ "made.by": "", "a.yaml": configMap("a") }),
    await other.commit({ "a.yaml": configMap("a") }),
  ];
  await Promise.all([app.create(), other.create()]);
  const { status, rows } = await app.settled(commit);
  expect(rows.map((row) => row["name"])).toEqual(["found"]);
  expect(status["sourceType"]).toBe("Plugin");
  expect((await app.config("found"))?.["value"]).toMatch(/^plugin-found 1\.\d+/);
  expect((await other.settled(plain)).status["sourceType"]).toBe("Directory");
});

test("a plugin of commands gets environment and parameters, and runs again for each commit", async () => {
  const app = world.app("plugin-own");
  const parameters = [
    { name: "name", string: "made" },
    { name: "sizes", array: ["s", "m"] },
  ];
  const first = await app.commit({ value: "one" });
  await app.create({
    source: { plugin: { name: "own", env: [{ name: "COLOR", value: "red of $ARGOCD_APP_NAME" }], parameters } },
  });
  await app.settled(first);
  expect(await app.config("made")).toEqual({ value: "red of plugin-own m one" });
  const second = await app.commit({ value: "two" });
  await app.refresh();
  await app.settled(second);
  expect(await app.config("made")).toEqual({ value: "red of plugin-own m two" });
});

test("what fails is told by the plugin's name, and nothing is deleted", async () => {
  const app = world.app("plugin-broken");
  const commit = await app.commit({ "a.yaml": configMap("a") });
  await app.create({ source: { directory: {} } });
  await app.settled(commit);
  await app.patch({ spec: { source: { directory: null, plugin: { name: "broken" } } } });
  const { conditions } = await app.until("it is told", (view) => view.conditions.length > 0);
  expect(conditions.join()).toContain("plugin broken: error generating manifests: exit status 1: no way");
  await app.patch({ spec: { source: { plugin: { name: "nobody" } } } });
  await app.until("the other one is told", (view) => view.conditions.join().includes('plugin with name "nobody"'));
  expect(await app.config("a")).toEqual({ value: "1" });
});

test("commands run plugins of a folder here, and without one say who runs them", async () => {
  const app = world.app("plugin-command");
  const commit = await app.commit({ value: "one" });
  const parameters = [{ name: "name", string: "commanded" }];
  await app.create({ source: { plugin: { name: "own", parameters } } });
  await app.settled(commit);
  const home = await mkdtemp(join(tmpdir(), "holdfast-home-"));
  const holdfast = (...args: string[]) => runCli({ home, kubeconfig: world.plane.kubeconfigPath }, args);
  const rendered = await holdfast("render", "app/plugin-command", "--plugin-dir", pluginDir);
  expect(rendered.out).toContain("name: commanded");
  const without = await holdfast("diff", "app/plugin-command");
  expect([without.code === 0, without.err]).toEqual([false, expect.stringContaining("here with --plugin-dir")]);
  const same = await holdfast("diff", "app/plugin-command", "--plugin-dir", pluginDir);
  expect([same.code, same.err]).toEqual([0, expect.stringContaining("is as declared")]);
  await rm(home, { recursive: true, force: true });
});
