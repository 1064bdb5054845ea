import { setTimeout as pause } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import type { FaultApp } from "./faults/fault-app.ts";
import { useFaultWorld } from "./faults/fault-world.ts";
import { eventually } from "./support/eventually.ts";
import { statusBody } from "./support/fault-proxy.ts";
import { type GitServer, startGitServer } from "./support/git-server.ts";
import { expiredCertificate } from "./support/test-certificate.ts";

const world = useFaultWorld();
const { signal } = new AbortController();
const merge = { type: "merge", manager: "test", signal } as const;
const CANARY = "canary-f00d-5ecret";
const servers: GitServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

const sourceOf = ({ dialect }: FaultApp) => {
  const { namespace, name } = dialect.app;
  return { apiVersion: "source.toolkit.fluxcd.io/v1", kind: "GitRepository", namespace, name };
};

/** Where the app's repository is said to be. */
async function pointAt(app: FaultApp, url: string, interval = "10m"): Promise<void> {
  const { client } = world();
  if (app.dialect.name === "flux") await client.patch(sourceOf(app), { spec: { url, interval } }, merge);
  else await client.patch(app.dialect.app, { spec: { source: { repoURL: url } } }, merge);
}

async function secret(app: FaultApp, stringData: Record<string, string>): Promise<void> {
  const { client } = world();
  const { namespace } = app.dialect.app;
  const metadata = { name: `${app.dialect.app.name}-git`, namespace };
  await client.apply({ apiVersion: "v1", kind: "Secret", metadata, stringData }, { manager: "test", signal });
  await client.patch(sourceOf(app), { spec: { secretRef: { name: metadata.name } } }, merge);
}

/** What the app and its source tell people. */
async function told(app: FaultApp): Promise<string> {
  const source = app.dialect.name === "flux" ? await world().client.get(sourceOf(app), { signal }) : null;
  return `${await app.messages()}\n${JSON.stringify(source?.["status"] ?? {})}`;
}

async function tells(app: FaultApp, pattern: RegExp): Promise<void> {
  try {
    await eventually("people are told", async () => pattern.test(await told(app)));
  } catch (error) {
    throw new Error(`${(error as Error).message}: ${await told(app)}`, { cause: error });
  }
}

/** Every text that leaves the controller: statuses, events, log and history. */
async function everyWord(app: FaultApp): Promise<string> {
  const { client, certified, events, engine } = world();
  const source = app.dialect.name === "flux" ? await client.get(sourceOf(app), { signal }) : null;
  const object = await app.object();
  const objects = [object?.["status"], object?.metadata.annotations, source?.["status"], await app.objects()];
  return JSON.stringify([objects, certified, events, engine.lines]);
}

/** The controller does not hammer what refuses it. */
async function isPatient(requests: () => number): Promise<void> {
  const before = requests();
  await pause(2_500);
  expect(requests() - before).toBeLessThanOrEqual(8);
}

describe("a repository that cannot be read: the last good state stays, and the cause is told", () => {
  test("wrong password", async () => {
    const app = await world().appOf("flux", { objects: 2 });
    await world().startController();
    await app.converged();
    const before = await app.uids();
    world().git.behaviour.basic = { username: "ada", password: "right" };
    await secret(app, { username: "ada", password: CANARY });
    await pointAt(app, world().git.url(app.repository));
    await tells(app, /authentication failed/);
    await isPatient(() => world().git.requests.length);
    await app.edit("o0", "by hand");
    expect(await app.uids()).toEqual(before);
    const words = await everyWord(app);
    for (const form of [
      CANARY,
      Buffer.from(CANARY).toString("base64"),
      Buffer.from(`ada:${CANARY}`).toString("base64"),
    ]) {
      expect(words).not.toContain(form);
    }
    await secret(app, { username: "ada", password: "right" });
    await app.commit({ o1: "2" });
    const annotations = { "reconcile.fluxcd.io/requestedAt": "now" };
    await world().client.patch(sourceOf(app), { metadata: { annotations } }, merge);
    await app.converged();
    expect(await app.uids()).toEqual(before);
    await app.checkInvariants();
  });

  test.each(["flux", "argocd"] as const)("a password in the address is not repeated (%s)", async (dialect) => {
    const app = await world().appOf(dialect, { objects: 2 });
    await world().startController();
    await app.converged();
    const before = await app.uids();
    world().git.behaviour.basic = { username: "ada", password: "right" };
    const url = world().git.url(app.repository).replace("http://", `http://ada:${CANARY}@`);
    await pointAt(app, url).catch((error: unknown) => expect(String(error)).toContain("url"));
    await pause(3_000);
    expect(await everyWord(app)).not.toContain(CANARY);
    expect(await app.uids()).toEqual(before);
    await app.checkInvariants();
  });

  test.each(["flux", "argocd"] as const)("unreachable host (%s)", async (dialect) => {
    const app = await world().appOf(dialect, { objects: 2 });
    await world().startController();
    await app.converged();
    const before = await app.uids();
    await pointAt(app, `http://127.0.0.1:1/${app.repository}.git`);
    await tells(app, /the server cannot be reached/);
    expect(await app.uids()).toEqual(before);
    await pointAt(app, world().git.url(app.repository), "1s");
    await app.commit({ o0: "2" });
    await app.converged();
    expect(await app.uids()).toEqual(before);
    await app.checkInvariants();
  });

  test.each(["flux", "argocd"] as const)("expired certificate (%s)", async (dialect) => {
    const server = await startGitServer({ tls: expiredCertificate });
    servers.push(server);
    const app = await world().appOf(dialect, { objects: 2 });
    await world().startController();
    await app.converged();
    const before = await app.uids();
    if (dialect === "flux") await secret(app, { "ca.crt": expiredCertificate.cert });
    await pointAt(app, server.url(app.repository));
    await tells(app, /certificate is not trusted.*: it has expired/);
    await isPatient(() => server.requests.length);
    expect(await app.uids()).toEqual(before);
    await app.checkInvariants();
  });
});

describe.each(["flux", "argocd"] as const)("%s: no permission for one kind", (dialect) => {
  const account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: robot}\n";

  test("that object fails with the server's rule, and the kind is unknown rather than absent", async () => {
    const app = await world().appOf(dialect, { objects: 2 });
    const other = await world().appOf(dialect, { objects: 2 });
    await app.push({ "app/robot.yaml": account });
    await world().startController();
    await app.converged();
    await other.converged();
    await world().stopController();
    const robot = { apiVersion: "v1", kind: "ServiceAccount", namespace: app.namespace, name: "robot" };
    const uid = (await world().client.get(robot, { signal }))?.metadata.uid;
    expect(uid).toBeDefined();
    const rule = 'serviceaccounts is forbidden: User "holdfast" cannot use resource "serviceaccounts"';
    const body = statusBody(403, "Forbidden", rule);
    const refuse = { kind: "answer", status: 403, body } as const;
    world().proxy.rule({ match: { path: /\/serviceaccounts(\/|$)/ }, act: refuse });
    await world().startController();
    await app.push({ "app/robot.yaml": account.replace("{name", "{labels: {a: b}, name") });
    await tells(app, /ServiceAccount.*robot.*forbidden/s);
    await other.commit({ o0: "2" });
    await other.converged();
    await app.push({ "app/robot.yaml": null });
    await pause(1_500);
    expect((await world().client.get(robot, { signal }))?.metadata.uid).toBe(uid);
    expect(await world().deletions()).toEqual([]);
    await other.checkInvariants();
  });
});
