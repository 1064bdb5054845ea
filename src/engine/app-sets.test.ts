import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type AppSet, ask, type GeneratedSet, setKey } from "#core/app/app-set.ts";
import { appKey } from "#core/app/app.ts";
import type { Dialect, SetRules } from "#core/app/dialect.ts";
import { usualSettings } from "#core/app/settings.ts";
import type { Resource } from "#core/resource/resource.ts";
import { ok } from "#core/result.ts";
import type { Source, SourceKey } from "#core/source/source.ts";
import { AppRegistry } from "./app-registry.ts";
import { AppSets } from "./app-sets.ts";
import { FieldQueries } from "./field-queries.ts";
import type { SourceState } from "./source-state.ts";
import { plainRules } from "./testing/app.ts";
import { appObject, plainDialect, plainKinds } from "./testing/dialect.ts";
import { FakeCluster } from "./testing/fake-cluster.ts";
import { configMap, kindInfo } from "./testing/fake-objects.ts";
import { handClock, keptLog, quietTelemetry } from "./testing/quiet.ts";

const EVERY_MS = 60_000;
const SET: Resource = {
  apiVersion: "plain.test/v1",
  kind: "Set",
  metadata: { name: "all", namespace: "apps", uid: "uid-of-set", resourceVersion: "1" },
};
const OWNER = { apiVersion: "plain.test/v1", kind: "Set", name: "all", uid: "uid-of-set", controller: true };

/** Sets whose one app is named by a ConfigMap that is asked for from time to time. */
const rules: SetRules = {
  kind: { ...plainKinds.app, kind: "Set", plural: "sets", short: "set" },
  member: plainKinds.app,
  manager: "sets",
  parse: (object) =>
    ok<AppSet>({
      key: setKey("set", "apps", object.metadata.name),
      object,
      deleting: false,
      finalizer: null,
      missingFinalizer: null,
      update: true,
      delete: true,
      budget: { limit: null, isPassing: false },
      refreshToken: null,
      approval: null,
    }),
  *generate() {
    if (source) yield* ask("tree", { source });
    yield* ask("config", { namespace: "a", name: "names", everyMs: EVERY_MS });
    const app = appObject("shop");
    return { apps: [app], made: [app], names: new Set(["shop"]), problems: [] } satisfies GeneratedSet;
  },
  ownerOf: (app) => app.metadata.ownerReferences?.[0]?.uid ?? null,
  rollout: (_set, { wanted }) => ({ apps: wanted, orders: new Map(), rows: null }),
  adoption: { isHeld: () => false, take: () => ok(null), give: () => null },
  ordered: () => ({}),
  ignoredIn: () => ({ ignoredPaths: [] }),
  changeOf: () => ({ kind: "same" }),
  deletionOrder: () => [],
  release: () => ({}),
  beforeDelete: () => null,
  report: (_object, { phase }) => {
    told.push(phase.kind);
    return { status: {}, patch: null, events: [] };
  },
};
const dialect: Dialect = { ...plainDialect, rules: plainRules, sets: rules };

/** What the set is made from besides, and who has asked for a fresh look at it. */
let source: Source | null;
let looks: (() => void)[];
let rival: string | null;
let told: string[];

let cluster: FakeCluster;
let clock: ReturnType<typeof handClock>;
let registry: AppRegistry;
let sets: AppSets;
let scope: AbortController;
let running: Promise<void>;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  cluster = new FakeCluster([kindInfo("ConfigMap"), kindInfo("Set", true, "plain.test")]);
  cluster.put(configMap("names"));
  clock = handClock(1_000_000);
  [source, looks, rival, told] = [null, [], null, []];
  const none = () => {};
  registry = new AppRegistry(usualSettings("control"), {
    onApp: (key) => sets.appChanged(key),
    onSource: none,
    onUnused: none,
    onDependents: none,
  });
  sets = new AppSets({
    client: cluster,
    registry,
    sources: {
      state: (key) => (key === source?.key ? ({ asked: true, tree: {} } as SourceState) : null),
      put: none,
      remove: none,
      refresh: (_key, done) => void looks.push(() => done?.()),
    },
    rivals: { alive: () => rival },
    templates: { fill: () => Promise.resolve([]), decode: () => Promise.resolve([]) },
    providers: { read: () => Promise.reject(new Error("none")), post: () => Promise.reject(new Error("none")) },
    queries: new FieldQueries({ find: () => Promise.resolve([]) }),
    settings: usualSettings("control"),
    shard: null,
    onStored: none,
    events: { push: none },
    audit: { append: none },
    telemetry: quietTelemetry,
    clock,
    random: () => 0.5,
    log: keptLog(),
  });
  scope = new AbortController();
  running = sets.run(scope.signal);
});
afterEach(async () => {
  scope.abort();
  await running;
  vi.useRealTimers();
});

async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await vi.advanceTimersByTimeAsync(ms);
}

const asked = () => cluster.log.filter((line) => line === "get ConfigMap/names").length;

test("AppSets asks a service again in time, whatever made it look at a set meanwhile", async () => {
  sets.put(dialect, cluster.put(SET));
  await pass(10);
  expect(asked()).toBe(1);
  const owned = cluster.put(appObject("shop", {}, { ownerReferences: [OWNER] }));
  registry.upsert(dialect, plainKinds.app, owned);
  sets.appTold(appKey("app", "apps", "shop"));
  await pass(EVERY_MS / 2);
  expect(asked()).toBe(1);
  await pass(EVERY_MS / 2);
  expect(asked()).toBe(2);
});

test("AppSets looks at what a set is made from before it writes the first time after a rival", async () => {
  source = { key: "git" as SourceKey } as Source;
  rival = "rival";
  sets.put(dialect, cluster.put(SET));
  await pass(10);
  rival = null;
  sets.dialectChanged(dialect.name);
  await pass(10);
  expect(looks).toHaveLength(1);
  expect(told).toEqual([]);
  looks[0]?.();
  await pass(10);
  expect(told).not.toEqual([]);
  expect(looks).toHaveLength(1);
});
