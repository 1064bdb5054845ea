import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SourceError, type SourceFailure } from "#core/source/source-error.ts";
import { plainSource } from "./testing/dialect.ts";
import { settled } from "./testing/engine.ts";
import { MAIN, OTHER, rig, stopRig } from "./testing/source-rig.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
afterEach(stopRig);

function failure(kind: SourceFailure): SourceError {
  return new SourceError(kind, `Cannot fetch: ${kind}`);
}

describe("SourceController", () => {
  test("asks the remote once for all sources of one repository, and reads each commit", async () => {
    const { remote, controller, revision } = rig(MAIN, OTHER);
    await settled();
    expect([remote.opened.length, remote.syncs]).toEqual([1, [["main", "other"]]]);
    expect([revision(), revision(OTHER.key)]).toEqual(["main@c1", "other@o1"]);
    expect(controller.state(MAIN.key)?.tree?.children("")).toEqual(["commit", "url"]);
  });

  test("opens a repository of its own for each url and each credential", async () => {
    const { remote, cluster, controller } = rig();
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "key", namespace: "apps" } };
    cluster.put(secret);
    controller.put(MAIN);
    controller.put({ ...OTHER, secrets: { credential: { namespace: "apps", name: "key" } } });
    controller.put(plainSource("far", { url: "https://git.test/two.git" }));
    await settled();
    expect(remote.opened.map(([url, found]) => `${url} ${found?.metadata.name}`).sort()).toEqual([
      `${MAIN.url} key`,
      `${MAIN.url} undefined`,
      "https://git.test/two.git undefined",
    ]);
  });

  test("asks again after the shortest interval, and reads a tree only when its commit is new", async () => {
    const { remote, revision, told, pass } = rig(MAIN, { ...OTHER, intervalMs: 20_000 });
    await settled();
    told.length = 0;
    await pass(19_000);
    expect(remote.syncs).toHaveLength(1);
    await pass(2_000);
    expect([remote.syncs.length, remote.trees, told]).toEqual([2, ["c1", "o1"], []]);
    remote.heads.set("main", "c2");
    await pass(20_000);
    expect([remote.trees, told, revision()]).toEqual([["c1", "o1", "c2"], [MAIN.key], "main@c2"]);
  });

  test("keeps the last good revision when the remote fails, says so, and asks more and more rarely", async () => {
    const { remote, controller, revision, error, told, pass } = rig(MAIN);
    await settled();
    const { tree } = controller.state(MAIN.key) ?? {};
    remote.fails = failure("fetch");
    controller.refresh(MAIN.key);
    told.length = 0;
    await settled();
    expect([revision(), controller.state(MAIN.key)?.tree === tree, error()]).toEqual([
      "main@c1",
      true,
      "Cannot fetch: fetch",
    ]);
    const times: number[] = [];
    for (let at = 0; times.length < 4; at += 50) {
      const before = remote.syncs.length;
      await pass(50);
      if (remote.syncs.length > before) times.push(at + 50);
    }
    expect(times).toEqual([750, 2_250, 5_250, 11_250]);
    expect(told).toEqual([MAIN.key]);
    remote.fails = null;
    await pass(60_000);
    expect([error(), told]).toEqual([null, [MAIN.key, MAIN.key]]);
  });

  test("a ref that does not exist is the failure of its source only", async () => {
    const { revision, error } = rig(MAIN, plainSource("bad", { ref: { kind: "branch", value: "gone" } }));
    await settled();
    const bad = plainSource("bad").key;
    expect([revision(), error(), revision(bad), error(bad)]).toEqual(["main@c1", null, null, "no branch gone"]);
  });

  test("a tree that cannot be read never takes the place of one that was", async () => {
    const { remote, controller, revision, error, pass } = rig(MAIN);
    await settled();
    const { tree } = controller.state(MAIN.key) ?? {};
    remote.heads.set("main", "c2");
    remote.unreadable = new Error("disk full");
    await pass(61_000);
    expect([revision(), controller.state(MAIN.key)?.tree === tree, error()]).toEqual(["main@c1", true, "disk full"]);
    remote.unreadable = null;
    await pass(61_000);
    expect([revision(), error()]).toEqual(["main@c2", null]);
  });

  for (const kind of ["auth", "config", "fetch"] as const) {
    test(`after a failure of kind ${kind} the Secrets are read anew`, async () => {
      const { remote, pass } = rig(MAIN);
      remote.fails = failure(kind);
      await settled();
      remote.fails = null;
      await pass(1_000);
      expect([remote.syncs.length, remote.opened.length]).toEqual([2, 2]);
    });
  }

  test("a Secret that does not exist is named, and found as soon as it is there", async () => {
    const { cluster, error, revision, pass } = rig({
      ...MAIN,
      secrets: { credential: { namespace: "apps", name: "key" } },
    });
    await settled();
    expect(error()).toContain("Secret apps/key does not exist");
    cluster.put({ apiVersion: "v1", kind: "Secret", metadata: { name: "key", namespace: "apps" } });
    await pass(1_000);
    expect([error(), revision()]).toEqual([null, "main@c1"]);
  });

  test("hides ignored files", async () => {
    const { controller } = rig({ ...MAIN, ignore: "url" });
    await settled();
    expect(controller.state(MAIN.key)?.tree?.entry("url")).toBeUndefined();
    expect(controller.state(MAIN.key)?.tree?.entry("commit")).toBeDefined();
  });

  test("publishes what one question brought at once, for apps that hand objects to each other", async () => {
    const { remote, controller, revision, pass } = rig(MAIN, OTHER);
    await settled();
    remote.heads.set("main", "c2").set("other", "o2");
    const seen: [string, string | null][] = [];
    remote.reading = (commit) => void seen.push([commit, revision()]);
    await pass(70_000);
    expect(seen).toEqual([
      ["c2", "main@c1"],
      ["o2", "main@c1"],
    ]);
    expect([revision(), revision(OTHER.key)]).toEqual(["main@c2", "other@o2"]);
    expect(controller.neighbours(MAIN.key)).toEqual([MAIN.key, OTHER.key]);
  });

  test("has the releases of one chart as neighbours, not those of others of the same address", async () => {
    const remote = { kind: "helm", passCredentials: false, insecure: false } as const;
    const chart = (key: string, value: string) =>
      plainSource(key, { remote, ref: { kind: "chart", value, version: "*" } });
    const [web, again, shop] = [chart("web", "web"), chart("again", "web"), chart("shop", "shop")] as const;
    const { controller } = rig(web, again, shop);
    expect([web, shop].map(({ key }) => controller.neighbours(key))).toEqual([[web.key, again.key], [shop.key]]);
  });

  test("one source whose files cannot be read does not stop its neighbours", async () => {
    const { remote, revision, error, pass } = rig(MAIN, OTHER);
    await settled();
    remote.heads.set("main", "c2").set("other", "o2");
    remote.reading = (commit) => {
      if (commit === "c2") throw new SourceError("fetch", "a link leaves the repository");
    };
    await pass(70_000);
    expect([revision(), revision(OTHER.key)]).toEqual(["main@c1", "other@o2"]);
    expect([error(), error(OTHER.key)]).toEqual(["a link leaves the repository", null]);
  });

  const RECORDED = { text: "main@c0", commit: "c0", refName: null };

  test("goes back to the recorded revision that the store holds, where the remote fails", async () => {
    const { remote, controller, revision, error, pass } = rig();
    remote.fails = new SourceError("fetch", "no route");
    controller.put({ ...MAIN, recorded: RECORDED });
    await settled();
    expect([revision(), error()]).toEqual([null, "no route"]);
    remote.stored.add("c0");
    await pass(60_000);
    expect([revision(), error()]).toEqual(["main@c0", "no route"]);
    remote.fails = null;
    await pass(60_000);
    expect([revision(), error()]).toEqual(["main@c1", null]);
  });

  test("fetches the recorded revision of a suspended source, until that succeeds", async () => {
    const { remote, controller, revision, pass } = rig();
    remote.fails = new SourceError("fetch", "no route");
    controller.put({ ...MAIN, suspended: true, recorded: RECORDED });
    await settled();
    expect(revision()).toBeNull();
    remote.fails = null;
    await pass(60_000);
    expect(revision()).toBe("main@c0");
    expect(remote.syncs).toEqual([]);
  });

  test("asks nothing for a suspended source, and keeps what it had", async () => {
    const { remote, controller, revision, pass } = rig(MAIN);
    await settled();
    controller.put({ ...MAIN, suspended: true });
    controller.refresh(MAIN.key);
    await pass(200_000);
    expect([remote.syncs.length, revision()]).toEqual([1, "main@c1"]);
    controller.put(MAIN);
    await settled();
    expect(remote.syncs).toHaveLength(2);
  });

  test("a new request asks at once and is handled when the answer is there", async () => {
    const { remote, controller } = rig(MAIN);
    await settled();
    controller.put({ ...MAIN, requestToken: "now" });
    expect(controller.state(MAIN.key)?.handledToken).toBeNull();
    await settled();
    expect([remote.syncs.length, controller.state(MAIN.key)?.handledToken]).toEqual([2, "now"]);
    controller.put({ ...MAIN, requestToken: "now" });
    await settled();
    expect(remote.syncs).toHaveLength(2);
  });

  test("a webhook asks the repositories that it names", async () => {
    const { remote, controller } = rig(MAIN, plainSource("far", { url: "https://git.test/two.git" }));
    await settled();
    remote.syncs.length = 0;
    controller.refreshUrls((url) => url === MAIN.url);
    await settled();
    expect(remote.syncs).toEqual([["main"]]);
  });

  test("another ref or repository starts without what the old one had", async () => {
    const { remote, controller, revision } = rig(MAIN);
    await settled();
    for (const changed of [
      { ...MAIN, ref: OTHER.ref },
      { ...MAIN, url: "https://git.test/two.git" },
    ]) {
      remote.fails = failure("fetch");
      controller.put(changed);
      await settled();
      expect([revision(), controller.state(MAIN.key)?.tree]).toEqual([null, null]);
      remote.fails = null;
      controller.put(MAIN);
      await settled();
      expect(revision()).toBe("main@c1");
    }
  });

  for (const [what, changed] of [
    ["another ref", { ...MAIN, ref: OTHER.ref }],
    ["another repository", { ...MAIN, url: "https://git.test/two.git" }],
    ["another ignore rule", { ...MAIN, ignore: "url" }],
  ] as const) {
    test(`an answer that comes after a source was given ${what} is not taken for it`, async () => {
      const { remote, controller } = rig();
      const late = Promise.withResolvers<void>();
      remote.answering = late.promise;
      controller.put(MAIN);
      await settled();
      const later = Promise.withResolvers<void>();
      remote.answering = later.promise;
      controller.put(changed);
      late.resolve();
      await settled();
      const state = controller.state(MAIN.key);
      later.resolve();
      expect(state).toMatchObject({ revision: null, tree: null, asked: false });
    });
  }

  test("forgets a source, and asks no more for a repository without any", async () => {
    const { remote, controller, told, pass } = rig(MAIN);
    await settled();
    told.length = 0;
    controller.remove(MAIN.key);
    controller.remove(MAIN.key);
    expect([controller.state(MAIN.key), told]).toEqual([null, [MAIN.key]]);
    await pass(200_000);
    expect(remote.syncs).toHaveLength(1);
  });

  test("an answer for a source that was forgotten meanwhile is dropped", async () => {
    const { remote, controller } = rig();
    const late = Promise.withResolvers<void>();
    remote.answering = late.promise;
    controller.put(MAIN);
    await settled();
    controller.remove(MAIN.key);
    late.resolve();
    await settled();
    expect(controller.state(MAIN.key)).toBeNull();
  });
});
