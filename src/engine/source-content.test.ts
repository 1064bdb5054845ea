import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SourceError } from "#core/source/source-error.ts";
import type { Source, SourceKey } from "#core/source/source.ts";
import { plainSource } from "./testing/dialect.ts";
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

describe("a source that is made from another one", () => {
  const origin = { source: MAIN.key, name: "Repo 'main'" };
  const chart: Source = { ...plainSource("chart", { remote: { kind: "derived" }, origin }), intervalMs: 3_600_000 };

  test("follows that one, and is what was made of it", async () => {
    const { remote, deriver, controller, revision, error, told, pass } = rig(chart);
    await settled();
    expect([error(chart.key), revision(chart.key), controller.state(chart.key)?.asked]).toEqual([null, null, false]);
    controller.put({ ...MAIN, intervalMs: 20_000 });
    await settled();
    expect([error(chart.key), revision(chart.key)]).toEqual([null, "main@made of c1"]);
    const state = controller.state(chart.key);
    expect(state?.revision?.chart?.name).toBe("app");
    expect(state?.included.map(({ revision: at }) => at.text)).toEqual(["main@c1"]);
    expect(state?.tree?.children("")).toEqual(["made"]);
    told.length = 0;
    remote.heads.set("main", "c2");
    await pass(22_000);
    expect(revision(chart.key)).toBe("main@made of c2");
    expect(told).toContain(chart.key);
    expect(deriver.asked.at(-1)?.known).toMatchObject({ commit: "made of c1" });
    expect([remote.syncs.length, deriver.asked.length]).toEqual([2, 2]);
  });

  test("is not made again while that one stays what it is", async () => {
    const { deriver, controller, pass } = rig(MAIN, { ...chart, intervalMs: 20_000 });
    await settled();
    await pass(120_000);
    expect(deriver.asked).toHaveLength(1);
    controller.put({ ...chart, intervalMs: 20_000, ref: { kind: "branch", value: "else" } });
    await settled();
    expect(deriver.asked).toHaveLength(2);
    expect(deriver.asked.at(-1)?.known).toBeNull();
  });

  test("keeps what it was when it cannot be made, tells of what it looked at, and tries again", async () => {
    const { remote, deriver, controller, revision, error, pass } = rig({ ...MAIN, intervalMs: 20_000 }, chart);
    await settled();
    deriver.fails = new SourceError("ref", "no chart");
    remote.heads.set("main", "c2");
    await pass(22_000);
    expect([error(chart.key), revision(chart.key)]).toEqual(["no chart", "main@made of c1"]);
    expect(controller.state(chart.key)?.included[0]?.revision.text).toBe("main@c2");
    deriver.fails = null;
    await pass(60_000);
    expect([error(chart.key), revision(chart.key)]).toEqual([null, "main@made of c2"]);
  });

  test("has neighbours only among those that are made of the same", async () => {
    const { controller } = rig(MAIN, chart);
    await settled();
    expect([controller.neighbours(MAIN.key), controller.neighbours(chart.key)]).toEqual([[MAIN.key], [chart.key]]);
  });

  test("says when there is nothing to make it of, and has what was made before", async () => {
    const recorded = { text: "1.0.0", commit: "old", refName: null };
    const { remote, deriver, controller, revision, error } = rig();
    remote.fails = new SourceError("fetch", "away");
    deriver.kept.add("old");
    controller.put(MAIN);
    controller.put({ ...chart, recorded });
    await settled();
    expect([error(chart.key), revision(chart.key)]).toEqual(["no artifact available for Repo 'main'", "1.0.0"]);
    expect(controller.state(chart.key)?.tree?.children("")).toEqual(["recalled"]);
  });

  test("that is suspended has what was made before, and nothing else", async () => {
    const recorded = { text: "1.0.0", commit: "old", refName: null };
    const { deriver, controller, revision } = rig(MAIN, { ...chart, recorded, suspended: true });
    await settled();
    expect([revision(chart.key), deriver.asked.length]).toEqual([null, 0]);
    deriver.kept.add("old");
    controller.remove(chart.key);
    controller.put({ ...chart, recorded, suspended: true });
    await settled();
    expect(revision(chart.key)).toBe("1.0.0");
  });

  test("is as new as that one once somebody asks for it", async () => {
    const { remote, controller, revision } = rig(MAIN, chart);
    await settled();
    remote.heads.set("main", "c2");
    let seen: string | null = null;
    controller.refresh(chart.key, () => {
      seen = revision(chart.key);
    });
    await settled();
    expect(seen).toBe("main@made of c2");
  });

  test("opens a repository of charts as the source of that address beside it says", async () => {
    const { remote, cluster, deriver, controller } = rig();
    const credential = { namespace: "apps", name: "login" };
    cluster.put({ apiVersion: "v1", kind: "Secret", metadata: credential });
    const index = { kind: "index", value: "index.yaml" } as const;
    const helm = { kind: "helm", passCredentials: true, insecure: false } as const;
    const object = { apiVersion: "v1", kind: "Repo", namespace: "other", name: "charts", uid: "u", generation: 1 };
    const charts = { url: "https://charts.test/", remote: helm, ref: index, secrets: { credential }, suspended: true };
    controller.put(plainSource("charts", charts));
    const foreign = { ...charts, url: "oci://other.test/charts", object };
    controller.put({ ...plainSource("foreign", foreign), key: "Repo/other/charts" as SourceKey });
    controller.put(MAIN);
    controller.put(chart);
    await settled();
    const { openCharts } = deriver.asked[0]!;
    const signal = new AbortController().signal;
    remote.opened.length = 0;
    await openCharts({ url: "https://charts.test", chart: "db" }, signal);
    await openCharts({ url: "oci://other.test/charts/", chart: "db" }, signal);
    expect(remote.opened.map(([url, secret]) => [url, secret?.metadata.name])).toEqual([
      ["https://charts.test/", "login"],
      ["oci://other.test/charts/db", undefined],
    ]);
  });
});
