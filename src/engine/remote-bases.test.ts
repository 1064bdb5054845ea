import { afterEach, expect, test, vi } from "vitest";
import type { App } from "#core/app/app.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import { keyOfBase, placeOfBase, type RemoteBase } from "#core/source/remote-base.ts";
import type { SourceKey } from "#core/source/source.ts";
import { RemoteBases } from "./remote-bases.ts";
import { plainApp } from "./testing/app.ts";
import { rig, stopRig } from "./testing/source-rig.ts";

vi.useFakeTimers();
afterEach(stopRig);

const base = (url: string): RemoteBase => ({
  kind: "git",
  url: `https://git.example/${url}`,
  ref: "main",
  noSubmodules: false,
});
const app = (name: string, intervalMs = 60_000): App => {
  const plain = plainApp(name);
  return { ...plain, policy: { ...plain.policy, intervalMs } };
};

function setUp() {
  const { controller, remote, pass } = rig();
  return { bases: new RemoteBases(controller), controller, remote, pass };
}

test("a base is fetched once for all apps, and stands in the tree of those that take from it", async () => {
  const { bases, remote, pass } = setUp();
  const [one, two] = [app("one"), app("two")];
  const [a, b] = [base("a"), base("b")];
  bases.add(one, [a]);
  bases.add(one, [b]);
  bases.add(two, [b]);
  await pass(10);
  expect(remote.syncs).toHaveLength(2);
  const own = memoryTree({ x: "1" });
  const places = (key: App["key"]) => [a, b].map((each) => bases.mounted(key, own).entry(placeOfBase(each))?.type);
  expect([places(one.key), places(two.key), places(app("three").key)]).toEqual([
    ["directory", "directory"],
    [undefined, "directory"],
    [undefined, undefined],
  ]);
  expect(bases.users(keyOfBase(b))).toEqual([one.key, two.key]);
});

test("a base is let go with the last app that takes from it", () => {
  const { bases, controller } = setUp();
  const [one, two] = [app("one"), app("two")];
  const [a, b] = [base("a"), base("b")];
  bases.add(one, [a, b]);
  bases.add(two, [b]);
  bases.set(one, [a]);
  expect(controller.state(keyOfBase(b))).not.toBeNull();
  bases.leave(two);
  expect([controller.state(keyOfBase(a)) === null, controller.state(keyOfBase(b))]).toEqual([false, null]);
  bases.leave(one);
  expect(controller.state(keyOfBase(a))).toBeNull();
});

test("a base is asked for as often as the most frequent of its apps", () => {
  const { bases, controller } = setUp();
  const a = base("a");
  const interval = () => controller.state(keyOfBase(a))?.source.intervalMs;
  bases.add(app("one", 60_000), [a]);
  bases.add(app("two", 5_000), [a]);
  bases.add(app("three", 90_000), [a]);
  expect(interval()).toBe(5_000);
});

test("what fails is told, and what was there before stays", async () => {
  const { bases, remote, pass } = setUp();
  const one = app("one", 2_000);
  const a = base("a");
  bases.add(one, [a]);
  await pass(10);
  expect(bases.failure(one.key)).toBeNull();
  remote.fails = new Error("no way to it");
  await pass(5_000);
  expect(bases.failure(one.key)).toBe("the remote base https://git.example/a?ref=main cannot be fetched: no way to it");
  expect(bases.mounted(one.key, memoryTree({})).entry(placeOfBase(a))?.type).toBe("directory");
});

test("a base is opened as its app says, apart from others, and anew when that changes", async () => {
  const { bases, controller, remote, pass } = setUp();
  const [plain, a] = [app("plain"), base("a")];
  const keyed = (version: string): App => ({
    ...app("keyed"),
    openBase: (source) => ({
      ...source,
      key: `${source.key} by keys` as SourceKey,
      held: { version, open: () => ({}) },
    }),
  });
  bases.add(plain, [a]);
  bases.add(keyed("1"), [a]);
  await pass(10);
  expect(remote.syncs).toHaveLength(2);
  const [own] = bases.sourcesOf(keyed("1").key);
  expect(own).toBe(`${keyOfBase(a)} by keys`);
  bases.reopen(keyed("1"));
  await pass(10);
  expect(remote.syncs).toHaveLength(2);
  bases.reopen(keyed("2"));
  await pass(10);
  expect([remote.syncs.length, controller.state(own!)?.source.held?.version]).toEqual([3, "2"]);
});
