import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Dialect, SettingsData } from "#core/app/dialect.ts";
import type { Resource } from "#core/resource/resource.ts";
import { TaskGroup } from "#async/task-group.ts";
import { followSettings } from "./follow-settings.ts";
import { plainDialect } from "./testing/dialect.ts";
import { settled } from "./testing/engine.ts";
import { FakeCluster } from "./testing/fake-cluster.ts";
import { configMap, kindInfo } from "./testing/fake-objects.ts";
import { keptLog } from "./testing/quiet.ts";

let cluster: FakeCluster;
let scope: AbortController;
let seen: SettingsData[];
let log: ReturnType<typeof keptLog>;
let events: string[];
let tasks: TaskGroup;

/** A dialect that refuses the value `bad`. */
function dialect(): Dialect {
  const settings: NonNullable<Dialect["settings"]> = {
    namespace: "a",
    names: ["x", "y"],
    configured: (data) => {
      seen.push(data);
      const problems = Object.entries(data).flatMap(([object, keys]) =>
        Object.keys(keys)
          .filter((key) => keys[key] === "bad")
          .map((path) => ({ object, path, message: "is bad" })),
      );
      return { dialect: { ...plainDialect, settings }, problems };
    },
  };
  return { ...plainDialect, settings };
}

let told: Dialect[];

function follow(): Promise<void> {
  const reading = {
    client: cluster,
    events: {
      push: (target: Resource, component: string, notes: readonly { reason: string; message: string }[]) =>
        void events.push(
          ...notes.map(({ reason, message }) => `${component} ${target.metadata.name} ${reason} ${message}`),
        ),
    },
    log,
    random: () => 0.5,
    tasks,
    onChange: (changed: Dialect) => void told.push(changed),
  };
  return followSettings(reading, dialect(), scope.signal);
}

beforeEach(() => {
  cluster = new FakeCluster([kindInfo("ConfigMap")]);
  scope = new AbortController();
  [seen, told, events] = [[], [], []];
  log = keptLog();
  tasks = new TaskGroup(() => {});
});
afterEach(async () => {
  scope.abort();
  await tasks.settled();
});

describe("followSettings()", () => {
  test("reads all of them before anything counts, absent ones included", async () => {
    cluster.put(configMap("x", { key: "1" }));
    cluster.put(configMap("other", { key: "2" }));
    await follow();
    expect(seen).toEqual([{ x: { key: "1" } }]);
    expect(told).toHaveLength(1);
  });

  test("tells of every change of what they hold, and of nothing else", async () => {
    await follow();
    cluster.put(configMap("x", { key: "1" }));
    await settled();
    cluster.put({ ...configMap("x", { key: "1" }), metadata: { ...configMap("x").metadata, labels: { a: "b" } } });
    await settled();
    cluster.put(configMap("y", { key: "2" }));
    await settled();
    cluster.take(configMap("x"));
    await settled();
    expect(seen).toEqual([{}, { x: { key: "1" } }, { x: { key: "1" }, y: { key: "2" } }, { y: { key: "2" } }]);
    expect(told).toHaveLength(4);
  });

  test("keeps what was made anew while the end of the old one was being confirmed", async () => {
    cluster.put(configMap("x", { key: "1" }));
    await follow();
    const anew = { ...configMap("x", { key: "1" }), metadata: { ...configMap("x").metadata, uid: "another" } };
    cluster.get = async () => {
      await Promise.resolve();
      cluster.put(anew);
      return null;
    };
    cluster.take(configMap("x"));
    await settled();
    expect(seen).toEqual([{ x: { key: "1" } }]);
  });

  test("says in the log and in an event which key cannot be used", async () => {
    await follow();
    cluster.put(configMap("x", { key: "bad" }));
    await settled();
    expect(events).toEqual([`${plainDialect.rules.eventSource} x InvalidSetting key: is bad`]);
    expect(log.lines).toEqual(["a setting cannot be used; what counted before counts on"]);
  });

  test("asks nothing once all is read", async () => {
    await follow();
    cluster.requests.length = 0;
    await settled();
    expect(cluster.log).toEqual([]);
  });
});
