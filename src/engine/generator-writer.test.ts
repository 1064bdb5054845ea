import { afterEach, describe, expect, test } from "vitest";
import type { Dialect, GeneratorRules } from "#core/app/dialect.ts";
import { usualSettings } from "#core/app/settings.ts";
import type { Resource } from "#core/resource/resource.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import type { SourceKey } from "#core/source/source.ts";
import { AppRegistry } from "./app-registry.ts";
import { GeneratorWriter } from "./generator-writer.ts";
import type { AuditRecord } from "./ports.ts";
import type { SourceState } from "./source-state.ts";
import { plainDialect, plainKinds, plainSource } from "./testing/dialect.ts";
import { FakeCluster } from "./testing/fake-cluster.ts";

const MADE = { group: "apps.test", version: "v1", kind: "Made", plural: "mades", short: "made" };
const key = "Repo/apps/maker" as SourceKey;
const signal = new AbortController();
let stop = new AbortController();

afterEach(() => {
  stop.abort();
  stop = new AbortController();
});

const rules: GeneratorRules = {
  manager: "maker",
  finalizer: "test/made",
  generator: "Repo",
  kind: MADE,
  objectOf: (generator, { output }) => ({
    object: {
      apiVersion: "apps.test/v1",
      kind: "Made",
      metadata: { name: output.name, namespace: "apps", labels: { by: generator.metadata.uid ?? "" } },
      spec: {},
    },
    status: { revision: output.revision.text },
  }),
  pathOf: (_generator, { name }) => `made/apps/${name}/1.tar.gz`,
  isOwn: (generator, live) => live.metadata.labels?.["by"] === generator.metadata.uid,
  mayTake: (generator, live) => live.metadata.labels?.["by"] === generator.metadata.uid,
  madeNames: (generator) => (generator["status"] as { made?: string[] } | undefined)?.made ?? [],
};
const dialect: Dialect = { ...plainDialect, sourceKinds: [plainKinds.source, MADE], generators: rules };

function state(names: readonly string[]): SourceState {
  const revision = { text: "1", commit: "1", refName: null };
  const tree = memoryTree({});
  const outputs = names.map((name) => ({ name, labels: {}, revision, tree, basis: "" }));
  const rest = { included: [], verified: [], error: null, asked: true, handledToken: null };
  return { source: plainSource("maker", { key }), revision, tree, outputs, ...rest };
}

async function rig(names: readonly string[], made: readonly string[] = []) {
  const info = (one: typeof MADE) => ({ ...one, namespaced: true, verbs: ["list", "watch"] });
  const cluster = new FakeCluster([info(MADE), info({ ...plainKinds.source })]);
  const generator = await cluster.create(
    { apiVersion: "test/v1", kind: "Repo", metadata: { name: "maker", namespace: "apps" }, spec: {}, status: { made } },
    { manager: "person", signal: signal.signal },
  );
  const quiet = { onApp: () => {}, onSource: () => {}, onUnused: () => {}, onDependents: () => {} };
  const registry = new AppRegistry(usualSettings("apps"), quiet);
  registry.upsert(dialect, plainKinds.source, generator);
  const told: string[] = [];
  const audit: AuditRecord[] = [];
  const writer = new GeneratorWriter({
    client: cluster,
    registry,
    sources: { state: () => state(names) },
    publisher: null,
    reporter: {
      source: (_key, report) => told.push("message" in report.state ? report.state.message : report.state.kind),
    },
    mayTell: () => true,
    onStored: (_dialect, object) => registry.upsert(dialect, object.kind === "Made" ? MADE : plainKinds.source, object),
    audit: { append: (record) => audit.push(record) },
    clock: { now: () => 0, monotonic: () => 0 },
    random: () => 0.5,
    log: { info: () => {}, warn: () => {}, error: () => {} },
  });
  writer.run(stop.signal).catch(() => {});
  const make = async (name: string, by: string) => {
    const object: Resource = {
      apiVersion: "apps.test/v1",
      kind: "Made",
      metadata: { name, namespace: "apps", labels: { by } },
    };
    return await cluster.create(object, { manager: "x", signal: signal.signal });
  };
  const work = async () => {
    writer.add(key);
    for (let turn = 0; turn < 200; turn++) await Promise.resolve();
  };
  const exists = async (name: string) =>
    (await cluster.get(
      { apiVersion: "apps.test/v1", kind: "Made", namespace: "apps", name },
      { signal: signal.signal },
    )) !== null;
  return { cluster, generator, make, work, exists, told, audit };
}

describe("GeneratorWriter", () => {
  test("writes what is made once, with the finalizer ahead of it", async () => {
    const { cluster, work, told } = await rig(["one"]);
    await work();
    const verbs = () =>
      cluster.requests
        .filter(({ verb }) => verb !== "get" && verb !== "create")
        .map(({ verb, kind }) => `${verb} ${kind}`);
    expect(verbs()).toEqual(["patch Repo", "apply Made", "patch-status Made"]);
    await work();
    expect(verbs()).toHaveLength(3);
    expect(told).toEqual(["ready", "ready"]);
  });

  test("deletes what is not made any more, and only what a fresh read shows to be its own", async () => {
    const { generator, make, work, exists, audit } = await rig([], ["mine", "lost", "gone"]);
    await make("mine", generator.metadata.uid ?? "");
    await make("lost", "somebody else");
    await work();
    expect([await exists("mine"), await exists("lost")]).toEqual([false, true]);
    expect(audit.filter(({ verb }) => verb === "delete").map(({ object }) => object)).toEqual(["Made/apps/mine"]);
  });

  test("takes no object that is somebody else's", async () => {
    const { make, work, told, exists } = await rig(["one"], ["one"]);
    await make("one", "somebody else");
    await work();
    expect(told).toEqual(["one reconcile failed: Made/apps/one is there already and not of this generator"]);
    expect(await exists("one")).toBe(true);
  });
});
