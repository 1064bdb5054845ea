import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import { useControlPlane } from "./support/control-plane.ts";
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
}, 60_000);

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
    const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: `kept-${app.name}`, name: "a" };
    await client.patch(ref, { data: { cpu: "2" } }, { type: "merge", manager: "hand", signal });
    await eventually(`${app.name} heals`, async () => {
      const live = await client.get(ref, { signal });
      return (live?.["data"] as { cpu: string } | undefined)?.cpu === "1000m";
    });
  }
  await git.commit("kept", { "app/b.yaml": null });
  const annotations = { "argocd.argoproj.io/refresh": "normal" };
  for (const app of apps) {
    if (app.name === "argocd")
      await client.patch(app.app, { metadata: { annotations } }, { type: "merge", manager: "test", signal });
    const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: `kept-${app.name}`, name: "b" };
    await eventually(`${app.name} prunes`, async () => (await client.get(ref, { signal })) === null);
  }
  await second.stop();
}, 60_000);

test("an idle controller sends the API server nothing but leases and watches", async () => {
  const engine = await startEngine(settingsOf(plane(), USER));
  await eventually("the live objects are read", () => engine.controller.context.index.size >= 4);
  await pause(2_000);
  const before = (await requests()).length;
  await pause(5_000);
  expect((await requests()).slice(before)).toEqual([]);
  await engine.stop();
}, 60_000);

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
