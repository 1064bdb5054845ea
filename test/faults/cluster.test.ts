import { setTimeout as pause } from "node:timers/promises";
import { describe, expect } from "vitest";
import { eventually } from "../support/eventually.ts";
import { type FaultAct, statusBody } from "../support/fault-proxy.ts";
import { eachSeed } from "./each-seed.ts";
import { useFaultWorld } from "./fault-world.ts";

const world = useFaultWorld();
const { signal } = new AbortController();
const configMaps = /\/configmaps$/;

const refusal = (code: number, reason: string): FaultAct => ({
  kind: "answer",
  status: code,
  body: statusBody(code, reason),
});
const expired: FaultAct = {
  kind: "answer",
  status: 200,
  body: `${JSON.stringify({ type: "ERROR", object: JSON.parse(statusBody(410, "Expired")) })}\n`,
};

describe("the API server", () => {
  eachSeed("killed in the middle of a sync and started again: the sync is completed", async (chance) => {
    await world().startController();
    const app = await world().app(chance, { objects: 30 });
    const from = world().proxy.requests.length;
    const dieAt = chance.between(1, 30);
    const applies = () =>
      world()
        .proxy.requests.slice(from)
        .filter(({ method, path }) => method === "PATCH" && path.includes(`/${app.namespace}/configmaps/`)).length;
    await eventually("the sync has begun", () => applies() >= dieAt);
    await world().plane.killApiServer();
    await pause(chance.between(0, 1_500));
    await world().plane.restartApiServer(signal);
    await app.converged();
    await app.checkInvariants();
  });

  eachSeed("watches that fall silent: drift is noticed when they are given up", async (chance) => {
    const app = await world().app(chance);
    await world().startController();
    await app.converged();
    const open = world().proxy.requests.filter((one) => one.watch && one.open && configMaps.test(one.path)).length;
    expect(open).toBeGreaterThan(0);
    const stall = world().proxy.rule({ match: { watch: true, path: configMaps }, act: { kind: "stall" }, times: open });
    world().proxy.breakWatches();
    await eventually("the watches are silent", () => stall.hits === open);
    await app.edit("o0", "by hand");
    await app.healed("o0");
    await app.checkInvariants();
  });

  eachSeed("answers 410 Expired to watches: all is read again and nothing is lost", async (chance) => {
    const app = await world().app(chance);
    await world().startController();
    await app.converged();
    const before = await app.uids();
    const rule = world().proxy.rule({ match: { watch: true }, act: chance.pick([expired, refusal(410, "Expired")]) });
    world().proxy.breakWatches();
    await eventually("watches are expired", () => rule.hits >= 3);
    await app.edit("o0", "by hand");
    const gone = await app.live("o1");
    await world().client.delete(app.ref("o1"), { uid: gone?.metadata.uid ?? "", signal });
    rule.remove();
    await app.healed("o0");
    await app.healed("o1");
    expect({ ...(await app.uids()), o1: "" }).toEqual({ ...before, o1: "" });
    await app.checkInvariants();
  });

  eachSeed("answers every LIST without items: nothing is deleted and nothing is created again", async (chance) => {
    const app = await world().app(chance);
    await world().startController();
    await app.converged();
    const before = await app.uids();
    const empty = world().proxy.rule({
      match: { method: "GET", watch: false, when: ({ path }) => /\/[a-z]+s$/.test(path) },
      act: { kind: "empty-list" },
    });
    const expiry = world().proxy.rule({ match: { watch: true }, act: expired, times: 12 });
    world().proxy.breakWatches();
    await eventually("lists are empty", () => empty.hits >= 4 && expiry.hits >= 4);
    await pause(1_500);
    expect(await app.uids()).toEqual(before);
    world().proxy.clear();
    await app.commit({ o0: "2" });
    await app.converged();
    expect(await app.uids()).toEqual(before);
    await app.checkInvariants();
  });

  for (const [code, reason] of [
    [403, "Forbidden"],
    [500, "InternalError"],
  ] as const) {
    eachSeed(`answers ${code} to every LIST of a kind: it is unknown, and nothing of it is pruned`, async (chance) => {
      const app = await world().app(chance);
      await world().startController();
      await app.converged();
      await world().stopController();
      const before = await app.uids();
      const rule = world().proxy.rule({
        match: { method: "GET", path: configMaps },
        act: refusal(code, reason),
      });
      await world().startController();
      await eventually("the list fails", () => rule.hits > 0);
      await app.commit({ o1: null });
      await pause(2_500);
      expect(await app.uids()).toEqual(before);
      world().proxy.clear();
      await app.converged();
      await app.checkInvariants();
    });
  }

  eachSeed("takes no lease writes any more: no other write leaves after the lease has run out", async (chance) => {
    const app = await world().app(chance);
    await world().startController();
    await app.converged();
    world().proxy.rule({
      match: { path: /\/leases\//, when: ({ method }) => method !== "GET" },
      act: chance.pick<FaultAct>([{ kind: "drop", when: "before" }, refusal(500, "InternalError")]),
    });
    const { lines } = world().engine;
    const lost = () => lines.some((line) => line.message === "lost the leader lease");
    await eventually("the lease is lost", lost);
    const from = world().proxy.requests.length;
    await app.edit("o0", "by hand");
    await pause(1_500);
    const writes = world()
      .proxy.requests.slice(from)
      .filter(({ method, path }) => method !== "GET" && !path.includes("/leases/"));
    expect(writes).toEqual([]);
    world().proxy.clear();
    await app.healed("o0", 100).then(
      () => expect.unreachable("nobody heals without the lease"),
      () => {},
    );
    await app.converged();
    await app.checkInvariants();
  });
});
