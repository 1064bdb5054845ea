import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import { temporaryDirectory, useControlPlane } from "./support/control-plane.ts";
import { argoApp, fluxApp } from "./support/dialect-objects.ts";
import { adminClient, installDefinitions, settingsOf, startEngine } from "./support/engine.ts";
import { eventually } from "./support/eventually.ts";
import { type GitServer, startGitServer } from "./support/git-server.ts";

const USER = "holdfast";
const plane = useControlPlane({ audit: true, users: [{ name: USER, groups: ["system:masters"] }] });
const { signal } = new AbortController();
const apps = [fluxApp("kept"), argoApp("kept")];
let git: GitServer;
let client: ConnectedCluster;
let commit: string;

beforeAll(async () => {
  git = await startGitServer();
  client = adminClient(plane());
  await installDefinitions(client, signal);
  const files = Object.fromEntries(
    ["a", "b", "c"].map((name) => [
      `app/${name}.yaml`,
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {cpu: 1000m}\n`,
    ]),
  );
  commit = await git.commit("kept", files);
  for (const app of apps) {
    const namespace = `kept-${app.name}`;
    await client.apply(
      { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
      { manager: "test", signal },
    );
    for (const object of app.objects({ url: git.url("kept"), path: "app", namespace })) {
      await client.apply(object, { manager: "test", signal });
    }
  }
});

afterAll(async () => {
  await client?.close();
  await git?.stop();
});

test("a restarted controller adopts what it finds without one write, and still heals and prunes", async () => {
  const first = await startEngine(settingsOf(plane(), USER));
  await allDone();
  await pause(1_000);
  await first.stop();

  const before = (await writes()).length;
  const second = await startEngine(settingsOf(plane(), USER));
  const watched = () => second.controller.context.index.size >= 6;
  await eventually("the live objects are read", watched);
  await pause(2_000);
  expect((await writes()).slice(before)).toEqual([]);

  for (const app of apps) {
    await editByHand(app.name);
    await healed(app.name);
  }
  commit = await git.commit("kept", { "app/b.yaml": null });
  const annotations = { "argocd.argoproj.io/refresh": "normal" };
  for (const app of apps) {
    if (app.name === "argocd")
      await client.patch(app.app, { metadata: { annotations } }, { type: "merge", manager: "test", signal });
    const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: `kept-${app.name}`, name: "b" };
    await eventually(`${app.name} prunes`, async () => (await client.get(ref, { signal })) === null);
  }
  await second.stop();
});

test("a controller that restarts while Git is away heals from what it fetched before", async () => {
  const dataDir = await temporaryDirectory();
  const first = await startEngine(settingsOf(plane(), USER), { dataDir });
  await allDone();
  await eventually("the content is fetched", () => first.renders() >= apps.length);
  await first.stop();
  for (const app of apps) await editByHand(app.name);

  git.behaviour.redirectTo = "http://127.0.0.1:1";
  const second = await startEngine(settingsOf(plane(), USER), { dataDir });
  for (const app of apps) await healed(app.name);
  delete git.behaviour.redirectTo;
  await second.stop();
});

test("a suspended source still serves its recorded revision after a restart", async () => {
  const { app } = apps[0] as (typeof apps)[0];
  const repository = { ...app, apiVersion: "source.toolkit.fluxcd.io/v1", kind: "GitRepository" };
  const suspend = (is: boolean) =>
    client.patch(repository, { spec: { suspend: is } }, { type: "merge", manager: "test", signal });
  await suspend(true);
  await editByHand("flux");
  await git.commit("kept", { "app/late.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: late}\n" });
  const engine = await startEngine(settingsOf(plane(), USER));
  await healed("flux");
  const late = { apiVersion: "v1", kind: "ConfigMap", namespace: "kept-flux", name: "late" };
  expect(await client.get(late, { signal })).toBeNull();
  await suspend(false);
  await eventually("the source goes on", async () => (await client.get(late, { signal })) !== null);
  await engine.stop();
});

test("an idle controller sends the API server nothing but leases and watches", async () => {
  const engine = await startEngine(settingsOf(plane(), USER));
  await eventually("the live objects are read", () => engine.controller.context.index.size >= 4);
  await pause(2_000);
  const before = (await requests()).length;
  await pause(5_000);
  expect((await requests()).slice(before)).toEqual([]);
  await engine.stop();
});

function configMapOf(name: string) {
  return { apiVersion: "v1", kind: "ConfigMap", namespace: `kept-${name}`, name: "a" };
}

async function editByHand(name: string): Promise<void> {
  await client.patch(configMapOf(name), { data: { cpu: "2" } }, { type: "merge", manager: "hand", signal });
}

async function healed(name: string): Promise<void> {
  await eventually(`${name} heals`, async () => {
    const live = await client.get(configMapOf(name), { signal });
    return (live?.["data"] as { cpu: string } | undefined)?.cpu === "1000m";
  });
}

async function allDone(): Promise<void> {
  for (const app of apps) {
    await eventually(`${app.name} is done`, async () => app.isDone(await client.get(app.app, { signal }), commit));
  }
}

/** Requests of the controller's user so far, as `verb resource`; watches and leases apart. */
async function requests(): Promise<string[]> {
  const lines = (await readFile(plane().auditLogPath, "utf8")).split("\n").filter((line) => line !== "");
  return lines.flatMap((line) => {
    const event = JSON.parse(line) as {
      stage: string;
      verb: string;
      user?: { username?: string };
      objectRef?: { resource?: string; name?: string };
    };
    if (event.user?.username !== USER || event.stage !== "ResponseComplete") return [];
    if (event.verb === "watch" || event.objectRef?.resource === "leases") return [];
    return [`${event.verb} ${event.objectRef?.resource ?? ""} ${event.objectRef?.name ?? ""}`];
  });
}

async function writes(): Promise<string[]> {
  return (await requests()).filter((request) => !/^(get|list) /.test(request));
}
