import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Source } from "#core/source/source.ts";
import { settled } from "./testing/engine.ts";
import { MAIN, OTHER, rig, stopRig } from "./testing/source-rig.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
afterEach(stopRig);

describe("includes", () => {
  test("shows what a source includes, waits for it, and follows its news", async () => {
    const include = { source: OTHER.key, name: "other", from: "commit", to: "guest" };
    const main = { ...MAIN, includes: [include] };
    const { remote, controller, revision, error, told, pass } = rig(main);
    const guest = async () => {
      const contents = await controller.state(MAIN.key)?.tree?.read(["guest"], new AbortController().signal);
      return new TextDecoder().decode(contents?.get("guest"));
    };
    await settled();
    expect([error(), revision()]).toEqual(["Cannot include other: there is no such source", null]);
    controller.put({ ...OTHER, intervalMs: 20_000 });
    await settled();
    expect([error(), revision(), await guest()]).toEqual([null, "main@c1", "o1"]);
    told.length = 0;
    remote.heads.set("other", "o2");
    await pass(22_000);
    expect([revision(), await guest()]).toEqual(["main@c1", "o2"]);
    expect(told).toContain(MAIN.key);
    controller.remove(OTHER.key);
    await settled();
    expect([error(), revision(), await guest()]).toEqual([
      "Cannot include other: there is no such source",
      "main@c1",
      "o2",
    ]);
  });

  test("sources that include each other fail, and come to rest", async () => {
    const including = (source: Source, other: Source): Source => {
      return { ...source, includes: [{ source: other.key, name: "it", from: "", to: "it" }] };
    };
    const { remote, controller, error } = rig(MAIN, OTHER);
    await settled();
    controller.put(including(MAIN, OTHER));
    controller.put(including(OTHER, MAIN));
    await settled();
    expect([error(), error(OTHER.key)]).toEqual(Array(2).fill("Cannot include it: it includes this source"));
    const asked = remote.syncs.length;
    await settled();
    expect(remote.syncs).toHaveLength(asked);
  });
});

describe("a verification", () => {
  const keys = { namespace: "apps", name: "keys" };
  const source: Source = { ...MAIN, verification: { commit: true, tag: false, keys } };
  const secret = { apiVersion: "v1", kind: "Secret", metadata: keys };

  test("uses what is verified, and keeps it when something newer is not", async () => {
    const { remote, cluster, controller, revision, error, pass } = rig(source);
    await settled();
    expect([error(), revision()]).toEqual(["Cannot read public keys: Secret apps/keys does not exist", null]);
    cluster.put(secret);
    await pass(1_000);
    expect(error()).toBe("c1 is not signed");
    remote.signed.add("c1");
    await pass(2_000);
    expect([error(), revision()]).toEqual([null, "main@c1"]);
    expect(controller.state(MAIN.key)?.verified).toEqual([{ what: "commit", name: "c1", key: "keys" }]);
    remote.heads.set("main", "c2");
    await pass(66_000);
    expect([error(), revision()]).toEqual(["c2 is not signed", "main@c1"]);
    expect(remote.trees).toEqual(["c1"]);
  });

  test("goes back to no recorded revision that is not verified", async () => {
    const recorded = { text: "main@c0", commit: "c0", refName: null };
    const { remote, cluster, revision, error, pass } = rig({ ...source, recorded });
    cluster.put(secret);
    remote.stored.add("c0");
    await settled();
    expect([error(), revision()]).toEqual(["c1 is not signed", null]);
    remote.signed.add("c0");
    await pass(1_000);
    expect([error(), revision()]).toEqual(["c1 is not signed", "main@c0"]);
  });

  test("drops what was used before it was asked for", async () => {
    const { cluster, controller, revision } = rig(MAIN);
    cluster.put(secret);
    await settled();
    expect(revision()).toBe("main@c1");
    controller.put(source);
    await settled();
    expect([revision(), controller.state(MAIN.key)?.tree]).toEqual([null, null]);
  });
});
