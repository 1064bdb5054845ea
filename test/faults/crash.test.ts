import { setTimeout as pause } from "node:timers/promises";
import { describe, expect } from "vitest";
import { eventually } from "../support/eventually.ts";
import { type Chance, eachSeed } from "./each-seed.ts";
import type { FaultApp } from "./fault-app.ts";
import { useFaultWorld } from "./fault-world.ts";
import { killedAfter } from "./killed-after.ts";

const world = useFaultWorld();
const { signal } = new AbortController();
/** More than any of these syncs writes. */
const MOST_WRITES = 20;

const killed = (count: number, isOver: () => Promise<boolean>) => killedAfter(world(), count, isOver);

const isDone = (app: FaultApp) => async () => app.dialect.isDone(await app.object(), app.head);

async function firstSync(chance: Chance): Promise<void> {
  await world().startProcess();
  for (let writes = 0; writes < MOST_WRITES; writes++) {
    const declared = world().app(chance, { objects: 3 });
    const killing = killed(writes, async () => isDone(await declared)());
    const app = await declared;
    if (!(await killing)) {
      expect(writes).toBeGreaterThan(5);
      return;
    }
    await app.checkRecorded();
    await app.commit({ [`o${chance.between(0, 2)}`]: null });
    await world().startProcess();
    await app.converged();
    await app.checkInvariants();
    await settled();
  }
  expect.unreachable("the sync writes more than was thought");
}

/** Reports that follow a sync are written too. */
async function settled(): Promise<void> {
  await pause(300);
}

describe("the controller is killed", () => {
  eachSeed("after each write of a first sync: what left the source meanwhile is no orphan", firstSync);

  eachSeed(
    "after each write of a sync that prunes: the next one ends it, also when the source went back",
    async (chance) => {
      const app = await world().app(chance, { objects: 5 });
      await world().startProcess();
      await app.converged();
      await settled();
      for (let writes = 0; writes < MOST_WRITES; writes++) {
        const before = await app.uids();
        await app.commit({ o0: `${writes} a`, o1: null });
        if (!(await killed(writes, isDone(app)))) {
          expect(writes).toBeGreaterThan(2);
          return app.checkInvariants();
        }
        await app.checkRecorded();
        const isBack = chance.pick([true, false]);
        if (isBack) await app.commit({ o1: `${writes} b` });
        await world().startProcess();
        await app.converged();
        if (!isBack) await app.commit({ o1: `${writes} c` });
        await app.converged();
        await app.checkInvariants();
        expect({ ...(await app.uids()), o1: "" }).toEqual({ ...before, o1: "" });
        await settled();
      }
      expect.unreachable("the sync writes more than was thought");
    },
  );

  eachSeed("while it deletes what a deleted app owned: the next one ends it", async (chance) => {
    await world().startProcess();
    for (let round = 0; round < 2; round++) {
      const app = await world().app(chance, { objects: 4 });
      await app.converged();
      await settled();
      for (const name of app.values.keys()) app.mayDelete.add(name);
      const uid = (await app.object())?.metadata.uid ?? "";
      await world().client.delete(app.dialect.app, { uid, signal });
      const isGone = async () => (await app.object()) === null;
      await killed(chance.between(0, 6), isGone);
      await app.checkRecorded();
      await world().startProcess();
      await eventually("the app is gone", isGone);
      expect(await app.content()).toEqual({});
      await app.checkInvariants();
      await settled();
    }
  });
});
