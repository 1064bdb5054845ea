import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect } from "vitest";
import { eventually } from "../support/eventually.ts";
import { childrenOf } from "./controller-process.ts";
import { eachSeed } from "./each-seed.ts";
import { configMap } from "./fault-app.ts";
import { useFaultWorld } from "./fault-world.ts";

const world = useFaultWorld();
const { signal } = new AbortController();

/** Rendering helpers that this process has started. */
async function helperPids(): Promise<number[]> {
  const pids = await childrenOf(process.pid);
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return pids.filter((_pid, index) => commands[index]?.includes("holdfast-upstream"));
}

describe("the source and its rendering", () => {
  eachSeed("a Git server that hangs in the middle of a pack: the last good revision is held", async (chance) => {
    // The other dialect's limit of one minute cannot be set.
    const app = await world().app(chance, { dialect: "flux" });
    await world().startController();
    await app.converged();
    const asked = world().git.requests.length;
    world().git.behaviour.hangAfterBytes = chance.between(1, 60);
    await app.commit({ o1: "2" });
    await eventually("the server was asked", () => world().git.requests.length > asked + 1);
    await app.edit("o0", "by hand");
    await app.healed("o0", 3_000);
    const source = { ...app.dialect.app, apiVersion: "source.toolkit.fluxcd.io/v1", kind: "GitRepository" };
    await eventually("the source says that it failed", async () => {
      const status = (await world().client.get(source, { signal }))?.["status"] as {
        conditions?: { status: string }[];
      };
      return JSON.stringify(status?.conditions ?? []).includes("no answer within 3 s");
    });
    expect((await app.content())["o1"]).toBe("1");
    delete world().git.behaviour.hangAfterBytes;
    await app.converged();
    await app.checkInvariants();
  });

  eachSeed("a rendering helper killed at work: it is replaced and the app converges", async (chance) => {
    const app = await world().app(chance);
    await world().startController();
    await app.converged();
    const pids = await helperPids();
    expect(pids.length).toBeGreaterThan(0);
    // A stopped helper has taken the request and never answers it.
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    await app.commit({ o0: "2" });
    await pause(chance.between(1_000, 2_500));
    expect((await app.content())["o0"]).toBe("1");
    for (const pid of pids) process.kill(pid, "SIGKILL");
    await app.converged();
    await app.checkInvariants();
  });

  eachSeed("the branch is deleted: everything stays and the status says so", async (chance) => {
    const app = await world().app(chance);
    await world().startController();
    await app.converged();
    const before = await app.uids();
    await world().git.git(app.repository, "update-ref", "-d", "refs/heads/main");
    await app.poke();
    await pause(1_500);
    await app.edit("o0", "by hand");
    await app.healed("o0");
    expect(await app.uids()).toEqual(before);
    await world().git.git(app.repository, "update-ref", "refs/heads/main", app.head);
    await app.commit({ o0: "2" });
    await app.converged();
    await app.checkInvariants();
  });

  eachSeed("the branch is pushed back to almost nothing: the deletions are held", async (chance) => {
    const app = await world().app(chance, { objects: 24 });
    await world().startController();
    await app.converged();
    const before = await app.uids();
    const old = await world().git.commit(
      app.repository,
      { "app/o0.yaml": configMap("o0", "old") },
      { branch: "other" },
    );
    const kept = chance.between(1, 11);
    const dropped: Record<string, null> = {};
    for (let number = kept; number < 24; number++) dropped[`app/o${number}.yaml`] = null;
    const small = await world().git.commit(app.repository, dropped, { branch: "other" });
    expect(small).not.toBe(old);
    await world().git.git(app.repository, "update-ref", "refs/heads/main", small);
    await app.poke();
    await eventually("the status says that deletions are held", async () => (await app.messages()).includes("held"));
    await pause(500);
    expect(await app.uids()).toEqual(before);
    await world().git.git(app.repository, "update-ref", "refs/heads/main", app.head);
    await app.commit({ o0: "2" });
    await app.converged();
    expect(await app.uids()).toEqual(before);
    await app.checkInvariants();
  });

  for (const [what, keep] of [
    ["path", "app/.keep"],
    ["repository", null],
  ] as const) {
    eachSeed(`the ${what} is emptied: nothing is deleted`, async (chance) => {
      const app = await world().app(chance);
      await world().startController();
      await app.converged();
      const before = await app.uids();
      const gone = Object.fromEntries(Object.keys(app.files()).map((path) => [path, null]));
      await app.push({ ...gone, ...(keep ? { [keep]: "" } : {}) });
      await eventually("the status says why nothing happens", async () =>
        /held|not found|does not exist|no such/i.test(await app.messages()),
      );
      await app.edit("o0", "by hand");
      await pause(500);
      expect(await app.uids()).toEqual(before);
      await app.push(app.files());
      await app.converged();
      expect(await app.uids()).toEqual(before);
      await app.checkInvariants();
    });
  }
});
