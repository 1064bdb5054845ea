import { setTimeout as pause } from "node:timers/promises";
import { describe, expect } from "vitest";
import { eventually } from "../support/eventually.ts";
import { eachSeed } from "./each-seed.ts";
import { type FaultApp, valueOf } from "./fault-app.ts";
import { useFaultWorld } from "./fault-world.ts";

const world = useFaultWorld();
const { signal } = new AbortController();
const merge = { type: "merge", manager: "hand", signal } as const;

const writesTo = (app: FaultApp, name: string) =>
  world().proxy.requests.filter(({ method, path }) => method === "PATCH" && path === pathOf(app, name)).length;
const pathOf = (app: FaultApp, name: string) => `/api/v1/namespaces/${app.namespace}/configmaps/${name}`;

/** Deletes an object by hand and makes another of its name, which nobody's mark is on. */
async function recreate(app: FaultApp, name: string): Promise<string> {
  const old = await app.live(name);
  await world().client.delete(app.ref(name), { uid: old?.metadata.uid ?? "", signal });
  const { namespace } = app;
  const fresh = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data: { value: "by hand" } };
  const made = await eventually("the object is made by hand", () =>
    world()
      .client.create(fresh, { manager: "hand", signal })
      .catch(() => app.live(name).then((live) => live ?? false)),
  );
  return made.metadata.uid ?? "";
}

describe("people and programs beside the controller", () => {
  eachSeed("a writer that reverts a field again and again: healing slows down and says so", async (chance) => {
    const app = await world().app(chance);
    await world().startController();
    await app.converged();
    let round = 0;
    const fight = async () => {
      if (valueOf(await app.live("o0")) !== `rival ${round}`) {
        await app.edit("o0", `rival ${(round += 1)}`, "rival-writer");
      }
      return (await app.messages()).includes("reverted again and again");
    };
    await eventually("the fight is noticed", fight);
    const told = await app.messages();
    expect(told).toContain("/data");
    expect(told).toContain("rival-writer");
    const from = writesTo(app, "o0");
    await app.edit("o1", "by hand");
    await app.healed("o1", 3_000);
    const until = performance.now() + 2_500;
    while (performance.now() < until) {
      await fight();
      await pause(50);
    }
    expect(writesTo(app, "o0") - from).toBeLessThanOrEqual(2);
    await app.healed("o0");
    await app.checkInvariants();
  });

  eachSeed("a program that deletes an object again and again: it is made again ever more slowly", async (chance) => {
    const app = await world().app(chance);
    await world().startController();
    await app.converged();
    const remove = async () => {
      const uid = (await app.live("o0"))?.metadata.uid;
      if (uid)
        await world()
          .client.delete(app.ref("o0"), { uid, signal })
          .catch(() => {});
      return (await app.messages()).includes("o0: deleted again and again");
    };
    await eventually("the fight is noticed", remove);
    const from = writesTo(app, "o0");
    const until = performance.now() + 2_500;
    while (performance.now() < until) {
      await remove();
      await pause(50);
    }
    expect(writesTo(app, "o0") - from).toBeLessThanOrEqual(2);
    await app.healed("o0");
  });

  eachSeed("a mark removed by hand: it is put back on the same object", async (chance) => {
    const app = await world().app(chance);
    await world().startController();
    await app.converged();
    const before = await app.uids();
    const labels = { "kustomize.toolkit.fluxcd.io/name": null, "holdfast.dev/app": null };
    await world().client.patch(app.ref("o0"), { metadata: { labels } }, merge);
    await eventually("the mark is back", async () => {
      const live = (await app.live("o0"))?.metadata.labels ?? {};
      return Object.keys(labels).some((label) => live[label] !== undefined);
    });
    expect(await app.uids()).toEqual(before);
    await app.edit("o0", "by hand");
    await app.healed("o0");
    await app.commit({ o0: "2" });
    await app.converged();
    expect(await app.uids()).toEqual(before);
    await app.checkInvariants();
  });

  eachSeed("an object recreated by hand: it is healed as it is", async (chance) => {
    const app = await world().app(chance);
    await world().startController();
    await app.converged();
    const uid = await recreate(app, "o0");
    await app.healed("o0");
    await app.converged();
    await app.checkInvariants();
    // Whoever was quicker made the object; from then on it stays the same one.
    const now = (await app.live("o0"))?.metadata.uid;
    await app.commit({ o1: "2" });
    await app.converged();
    expect((await app.live("o0"))?.metadata.uid).toBe(now);
    expect(uid).not.toBe("");
  });

  eachSeed("an object recreated by hand while nobody looked: it is not pruned on the old record", async (chance) => {
    const app = await world().app(chance);
    await world().startController();
    await app.converged();
    await world().stopController();
    const uid = await recreate(app, "o0");
    await app.commit({ o0: null });
    app.mayDelete.clear();
    await world().startController();
    await app.converged();
    expect((await app.live("o0"))?.metadata.uid).toBe(uid);
    await app.checkInvariants();
  });

  eachSeed("an object recreated by hand while its deletion is under way: the new one stays", async (chance) => {
    const app = await world().app(chance);
    await world().startController();
    await app.converged();
    const old = await app.live("o0");
    const rule = world().proxy.rule({
      match: { method: "DELETE", path: /\/o0$/ },
      act: { kind: "delay", ms: chance.between(800, 2_000) },
      times: 1,
    });
    await app.commit({ o0: null });
    app.mayDelete.clear();
    await eventually("the deletion is on its way", () => rule.hits > 0);
    await world().client.delete(app.ref("o0"), { uid: old?.metadata.uid ?? "", signal });
    const { labels = {} } = old?.metadata ?? {};
    const metadata = { name: "o0", namespace: app.namespace, labels };
    const fresh = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { value: "by hand" } };
    const { uid } = (await world().client.create(fresh, { manager: "hand", signal })).metadata;
    await eventually("the deletion was refused", () =>
      world().proxy.requests.some(({ method, path, status }) => {
        return method === "DELETE" && path === pathOf(app, "o0") && status === 409;
      }),
    );
    await app.converged();
    await pause(500);
    expect((await app.live("o0"))?.metadata.uid).toBe(uid);
    expect(await world().deletions()).toEqual([]);
  });

  eachSeed("a finalizer that never clears: the object waits and other apps go on", async (chance) => {
    const app = await world().app(chance);
    const other = await world().app(chance);
    await world().startController();
    await app.converged();
    await other.converged();
    await world().client.patch(app.ref("o0"), { metadata: { finalizers: ["example.com/never"] } }, merge);
    await app.commit({ o0: null, o1: "2" });
    const isDying = async () => (await app.live("o0"))?.metadata.deletionTimestamp !== undefined;
    await eventually("the object is being deleted", isDying);
    await other.commit({ o0: "2" });
    await other.converged();
    await app.edit("o1", "by hand");
    await app.healed("o1");
    expect(await app.inventory()).toContainEqual(expect.stringContaining("o0"));
    await world().client.patch(app.ref("o0"), { metadata: { finalizers: null } }, merge);
    await app.converged();
    await app.checkInvariants();
    await other.checkInvariants();
  });

  eachSeed("one object declared by two apps: it stays when one of them lets it go", async (chance) => {
    const app = await world().app(chance);
    await world().startController();
    await app.converged();
    const other = await app.sibling("other", { o0: "1", x: "1" });
    await eventually("the other app has its own object", async () => (await other.live("x")) !== null);
    const uid = (await app.live("o0"))?.metadata.uid;
    await app.commit({ o0: null });
    app.mayDelete.clear();
    other.head = app.head;
    await other.poke();
    await other.converged();
    await app.converged();
    await pause(500);
    expect((await other.live("o0"))?.metadata.uid).toBe(uid);
    await app.checkInvariants();
    await other.checkInvariants();
  });

  for (const sources of ["one source", "sources of their own"]) {
    eachSeed(`an object moved between apps of ${sources} by one commit: it is handed over`, async (chance) => {
      const app = await world().app(chance);
      await world().startController();
      await app.converged();
      const other = await app.sibling("other", { x: "1" }, { ownSource: sources !== "one source" });
      await other.converged();
      const uid = (await app.live("o0"))?.metadata.uid;
      app.values.delete("o0");
      other.values.set("o0", "moved");
      const files = { [`${app.path}/o0.yaml`]: null, ...other.files() };
      await chance.pick([app, other]).push(files);
      other.head = app.head = await world().git.git(app.repository, "rev-parse", "main");
      await app.poke();
      await other.poke();
      await other.converged();
      await app.converged();
      await pause(500);
      expect((await other.live("o0"))?.metadata.uid).toBe(uid);
      await app.checkInvariants();
      await other.checkInvariants();
    });
  }
});
