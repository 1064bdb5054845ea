import { describe, expect, test } from "vitest";
import { connectCluster } from "#adapters/kube/cluster-client.ts";
import {
  configMap,
  configMapRef,
  configMaps,
  failure,
  manager,
  quick,
  signal,
  useContractCluster,
} from "./support/contract-cluster.ts";
import { statusBody } from "./support/fault-proxy.ts";
import type { FaultAct } from "./support/fault-proxy.ts";
import { until } from "./support/watch-recorder.ts";

const cluster = useContractCluster();
const paths = /\/configmaps/;

describe("requests through faults", () => {
  test("random 500 and 503 are retried until applies succeed", async () => {
    const namespace = await cluster().namespace();
    cluster().proxy.rule({ match: { path: paths }, act: refusal(500, "InternalError"), probability: 0.25 });
    cluster().proxy.rule({ match: { path: paths }, act: refusal(503, "ServiceUnavailable"), probability: 0.25 });
    const client = connectCluster(cluster().proxy.settings, { ...quick, attempts: 20 });
    const names = Array.from({ length: 40 }, (_, index) => `cm-${index}`);
    await Promise.all(names.map((name) => client.apply(configMap(namespace, name), { manager, signal })));
    await client.close();
    expect((await cluster().direct.list(configMaps, { namespace }, { signal })).length).toBe(41);
  });

  test("a failing server is asked a bounded number of times", async () => {
    const rule = cluster().proxy.rule({ match: { path: paths }, act: refusal(503, "ServiceUnavailable") });
    expect(await failure(cluster().proxied.get(configMapRef("default", "x"), { signal }))).toMatchObject({ code: 503 });
    expect(rule.hits).toBe(5);
  });

  test("429 holds the whole client back for as long as the server asked", async () => {
    const namespace = await cluster().namespace();
    await cluster().proxied.get(configMapRef(namespace, "x"), { signal });
    const act = { ...refusal(429, "TooManyRequests"), headers: { "retry-after": "1" } };
    cluster().proxy.rule({ match: { path: paths }, act, times: 1 });
    const from = cluster().proxy.requests.length;
    await cluster().proxied.create(configMap(namespace, "a"), { manager, signal });
    await cluster().proxied.get(configMapRef(namespace, "a"), { signal });
    const [refused, ...later] = cluster().proxy.requests.slice(from);
    expect(refused?.status).toBe(429);
    expect(later.map(({ method }) => method)).toEqual(["POST", "GET"]);
    expect((later[0]?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(990);
  });

  test("an apply whose answer is lost is sent again and changes nothing twice", async () => {
    const namespace = await cluster().namespace();
    const lost = cluster().proxy.rule({ match: { method: "PATCH" }, act: { kind: "drop", when: "after" }, times: 2 });
    const { object } = await cluster().proxied.apply(configMap(namespace, "a"), { manager, signal });
    expect(lost.hits).toBe(2);
    expect(object.metadata.generation ?? 1).toBe(1);
  });

  test.each(["POST", "DELETE", "PUT"])("a %s whose answer is lost is not sent again", async (method) => {
    const namespace = await cluster().namespace();
    const { object } = await cluster().direct.apply(configMap(namespace, "a"), { manager, signal });
    const lost = cluster().proxy.rule({ match: { method }, act: { kind: "drop", when: "after" } });
    const calls = {
      POST: () => cluster().proxied.create(configMap(namespace, "b"), { manager, signal }),
      DELETE: () => cluster().proxied.delete(configMapRef(namespace, "a"), { uid: object.metadata.uid ?? "", signal }),
      PUT: () => cluster().proxied.replace({ ...object, data: { x: "1" } }, { manager, signal }),
    };
    expect(await failure(calls[method as keyof typeof calls]())).toMatchObject({ code: 0, reason: "NoAnswer" });
    expect(lost.hits).toBe(1);
  });

  test("a list that expires midway is discarded whole and read again", async () => {
    const namespace = await manyConfigMaps(520);
    const expired = cluster().proxy.rule({
      match: { when: ({ query }) => query.has("continue") },
      act: refusal(410, "Expired"),
      times: 1,
    });
    const listed = await cluster().proxied.list(configMaps, { namespace }, { signal });
    expect(expired.hits).toBe(1);
    expect(new Set(listed.map(({ metadata }) => metadata.name)).size).toBe(521);
    expect(listed.length).toBe(521);
    cluster().proxy.rule({ match: { when: ({ query }) => query.has("continue") }, act: refusal(410, "Expired") });
    expect(await failure(cluster().proxied.list(configMaps, { namespace }, { signal }))).toMatchObject({ code: 410 });
  });

  test.each<[string, FaultAct]>([
    ["truncated", { kind: "truncate", bytes: 400 }],
    ["truncated between items", { kind: "truncate", bytes: 10 }],
    ["reset midway", { kind: "reset", afterBytes: 300 }],
  ])("a list that is %s is an error, never a shorter list", async (_name, act) => {
    const namespace = await cluster().namespace();
    cluster().proxy.rule({ match: { path: paths }, act });
    expect(await failure(cluster().proxied.list(configMaps, { namespace }, { signal }))).toMatchObject({ code: 0 });
  });

  test("a request that takes too long ends, and shrinks the concurrency", async () => {
    const client = connectCluster(cluster().proxy.settings, { ...quick, readTimeoutMs: 150, attempts: 1 });
    await client.kind({ group: "", kind: "ConfigMap" }, { signal });
    const before = client.concurrency;
    cluster().proxy.rule({ match: { path: paths }, act: { kind: "delay", ms: 3_000 } });
    const late = await failure(client.get(configMapRef("default", "x"), { signal }));
    expect(late).toMatchObject({ code: 0, reason: "Timeout" });
    expect(client.concurrency).toBeLessThan(before);
    await client.close();
  });

  test("an aborted call ends with its signal's reason", async () => {
    cluster().proxy.rule({ match: { path: paths }, act: { kind: "delay", ms: 3_000 } });
    const scope = new AbortController();
    const call = cluster().proxied.get(configMapRef("default", "x"), { signal: scope.signal });
    setTimeout(() => scope.abort(new Error("changed my mind")), 50);
    await expect(call).rejects.toThrow("changed my mind");
  });

  test("guardWrites() keeps writes from leaving and lets reads pass", async () => {
    const namespace = await cluster().namespace();
    const client = connectCluster(cluster().proxy.settings, quick);
    client.guardWrites(() => {
      throw new Error("the lease is lost");
    });
    const from = cluster().proxy.requests.length;
    await expect(client.apply(configMap(namespace, "a"), { manager, signal })).rejects.toThrow("the lease is lost");
    await client.get(configMapRef(namespace, "a"), { signal });
    const sent = cluster()
      .proxy.requests.slice(from)
      .map(({ method }) => method);
    expect(sent).not.toContain("PATCH");
    client.guardWrites(() => {});
    await client.apply(configMap(namespace, "a"), { manager, signal });
    await client.close();
  });

  test("a group whose discovery fails is unknown while others are known", async () => {
    cluster().proxy.rule({ match: { path: /^\/apis$/ }, act: refusal(503, "ServiceUnavailable") });
    const client = connectCluster(cluster().proxy.settings, { ...quick, attempts: 1 });
    expect((await client.kind({ group: "", kind: "Pod" }, { signal })).known).toBe("yes");
    expect((await client.kind({ group: "apps", kind: "Deployment" }, { signal })).known).toBe("unknown");
    await client.close();
  });

  test("without aggregated discovery each group is asked, and a failing one is unknown", async () => {
    const groups = { kind: "APIGroupList", groups: [group("apps", "v1"), group("batch", "v1")] };
    const versions = { kind: "APIVersions", versions: ["v1"] };
    cluster().proxy.rule({ match: { path: /^\/apis$/ }, act: answer(groups) });
    cluster().proxy.rule({ match: { path: /^\/api$/ }, act: answer(versions) });
    cluster().proxy.rule({ match: { path: /^\/apis\/batch\/v1$/ }, act: refusal(503, "ServiceUnavailable") });
    const client = connectCluster(cluster().proxy.settings, { ...quick, attempts: 1 });
    const found = await client.kind({ group: "apps", kind: "Deployment" }, { signal });
    expect(found).toMatchObject({ known: "yes", info: { plural: "deployments", namespaced: true, version: "v1" } });
    expect((await client.kind({ group: "batch", kind: "Job" }, { signal })).known).toBe("unknown");
    expect((await client.kind({ group: "other", kind: "Job" }, { signal })).known).toBe("no");
    await client.close();
  });
});

describe("watches through faults", () => {
  test("a broken connection is resumed without a list and without losing a change", async () => {
    const namespace = await cluster().namespace();
    const seen = cluster().watch(cluster().proxied, { namespace });
    for (let round = 0; round < 5; round += 1) {
      await until("the watch runs", () => count("watch") === round && openWatches() === 1);
      cluster().proxy.breakWatches();
      await cluster().direct.apply(configMap(namespace, `cm-${round}`), { manager, signal });
      await until("the change is told", () => seen.objects.size === round + 1);
    }
    expect(count("list")).toBe(1);
    expect(seen.log.filter((line) => line === "synced").length).toBe(1);
  });

  test("a silently stalled watch is given up and resumed", async () => {
    const namespace = await cluster().namespace();
    const client = connectCluster(cluster().proxy.settings, { ...quick, watch: { ...quick.watch, idleLimitMs: 300 } });
    const stall = cluster().proxy.rule({ match: { watch: true }, act: { kind: "stall" }, times: 1 });
    const from = cluster().proxy.requests.length;
    const seen = cluster().watch(client, { namespace });
    await until("the watch stalls", () => stall.hits === 1);
    await cluster().direct.apply(configMap(namespace, "a"), { manager, signal });
    await until("the change is told", () => seen.objects.size === 1);
    expect(
      cluster()
        .proxy.requests.slice(from)
        .filter(({ watch }) => !watch).length,
    ).toBe(1);
    await client.close();
  });

  test.each<[string, FaultAct]>([
    ["as a status", refusal(410, "Expired")],
    ["inside the stream", { kind: "events", change: { inject: errorEvent(410, "Expired") } }],
  ])("410 %s leads to one list that tells what was missed", async (_name, act) => {
    const namespace = await cluster().namespace();
    const { object } = await cluster().direct.apply(configMap(namespace, "old"), { manager, signal });
    const seen = cluster().watch(cluster().proxied, { namespace });
    await until("the watch runs", () => openWatches() === 1);
    cluster().proxy.rule({ match: { watch: true }, act, times: 1 });
    cluster().proxy.breakWatches();
    await cluster().direct.delete(configMapRef(namespace, "old"), { uid: object.metadata.uid ?? "", signal });
    await cluster().direct.apply(configMap(namespace, "new"), { manager, signal });
    await until("the list is told", () => seen.log.filter((line) => line === "synced").length === 2);
    await until("the changes are told", () => seen.objects.has(`${namespace}/new`));
    expect([...seen.objects.keys()]).toEqual([`${namespace}/new`]);
    expect(count("list")).toBe(2);
    expect(seen.log).not.toContain("failed");
  });

  test("an in-stream error that goes on leads to a list", async () => {
    const namespace = await cluster().namespace();
    const inject = errorEvent(500, "InternalError");
    cluster().proxy.rule({ match: { watch: true }, act: { kind: "events", change: { inject } }, times: 6 });
    const seen = cluster().watch(cluster().proxied, { namespace });
    await until("it listed again", () => count("list") === 2);
    await cluster().direct.apply(configMap(namespace, "a"), { manager, signal });
    await until("the change is told", () => seen.objects.size === 1);
  });

  test("duplicated, reordered and cut events lead to the same state", async () => {
    const namespace = await cluster().namespace();
    const change = { duplicate: 0.3, reorder: 0.3 };
    cluster().proxy.rule({ match: { watch: true }, act: { kind: "events", change } });
    const seen = cluster().watch(cluster().proxied, { namespace });
    await until("the watch runs", () => openWatches() === 1);
    for (let step = 0; step < 60; step += 1) {
      const name = `cm-${step % 7}`;
      const { object } = await cluster().direct.apply(configMap(namespace, name, { data: { step: `ü${step}` } }), {
        manager,
        signal,
      });
      if (step % 5 === 0) await cluster().direct.delete(configMapRef(namespace, name), { uid: uidOf(object), signal });
    }
    // The last two events may be held back to be reordered: give them successors.
    for (const name of ["z1", "z2", "z3", "z4"]) {
      await cluster().direct.apply(configMap(namespace, name), { manager, signal });
    }
    const truth = await cluster().direct.list(
      configMaps,
      { namespace, fieldSelector: "metadata.name!=kube-root-ca.crt" },
      { signal },
    );
    const want = versions(truth.filter(({ metadata }) => !metadata.name.startsWith("z")));
    const told = () => versions([...seen.objects.values()].filter(({ metadata }) => !metadata.name.startsWith("z")));
    await until("both agree", () => JSON.stringify(told()) === JSON.stringify(want));
  });

  test("an empty list is asked again before anything counts as gone", async () => {
    const namespace = await cluster().namespace();
    await cluster().direct.apply(configMap(namespace, "a"), { manager, signal });
    const seen = cluster().watch(cluster().proxied, { namespace });
    await until("the watch runs", () => openWatches() === 1);
    cluster().proxy.rule({ match: { watch: true }, act: refusal(410, "Expired"), times: 1 });
    const empty = cluster().proxy.rule({ match: { path: paths, watch: false }, act: { kind: "empty-list" }, times: 1 });
    cluster().proxy.breakWatches();
    await until("it listed again", () => seen.log.filter((line) => line === "synced").length === 2);
    expect(empty.hits).toBe(1);
    expect(seen.log.filter((line) => line.startsWith("gone"))).toEqual([]);
  });

  test("a kind that may not be listed says so and is followed as soon as it may", async () => {
    const namespace = await cluster().namespace();
    await cluster().direct.apply(configMap(namespace, "a"), { manager, signal });
    const forbidden = cluster().proxy.rule({ match: { path: paths }, act: refusal(403, "Forbidden") });
    const seen = cluster().watch(cluster().proxied, { namespace });
    await until("the failure is told", () => seen.errors.length > 0);
    expect(seen.errors[0]).toMatchObject({ code: 403 });
    expect(seen.log).not.toContain("synced");
    forbidden.remove();
    await until("it is followed", () => seen.log.includes("synced"));
    expect(seen.objects.size).toBe(1);
  });

  test("truncated lists do not count as complete", async () => {
    const namespace = await cluster().namespace();
    await cluster().direct.apply(configMap(namespace, "a"), { manager, signal });
    const seen = cluster().watch(cluster().proxied, { namespace });
    await until("the watch runs", () => openWatches() === 1);
    cluster().proxy.rule({ match: { watch: true }, act: refusal(410, "Expired"), times: 1 });
    cluster().proxy.rule({ match: { path: paths, watch: false }, act: { kind: "truncate", bytes: 120 }, times: 2 });
    cluster().proxy.breakWatches();
    await until("it listed again", () => seen.log.filter((line) => line === "synced").length === 2);
    expect(seen.log.filter((line) => line.startsWith("gone"))).toEqual([]);
  });

  test("a handler that throws is told to onError and does not end the watch", async () => {
    const namespace = await cluster().namespace();
    const told: string[] = [];
    const client = connectCluster(cluster().proxy.settings, {
      ...quick,
      onError: (error, during) => told.push(`${during}: ${String(error)}`),
    });
    const stop = new AbortController();
    const seen: string[] = [];
    const handler = {
      upsert: (object: { metadata: { name: string } }) => {
        seen.push(object.metadata.name);
        throw new Error("handler bug");
      },
      gone: () => {},
      synced: () => {},
      failed: () => {},
    };
    const done = client.watch(configMaps, { namespace }, handler, stop.signal);
    await until("the list is told", () => seen.includes("kube-root-ca.crt"));
    await cluster().direct.apply(configMap(namespace, "a"), { manager, signal });
    await until("the event is told", () => seen.includes("a"));
    expect(told[0]).toBe(`a handler of the watch of ConfigMap in ${namespace}: Error: handler bug`);
    stop.abort();
    await done;
    await client.close();
  });
});

function refusal(status: number, reason: string) {
  return { kind: "answer", status, body: statusBody(status, reason) } as const;
}

function answer(body: unknown): FaultAct {
  return { kind: "answer", status: 200, body: JSON.stringify(body) };
}

function group(name: string, version: string) {
  const entry = { groupVersion: `${name}/${version}`, version };
  return { name, versions: [entry], preferredVersion: entry };
}

function errorEvent(code: number, reason: string): string {
  return JSON.stringify({ type: "ERROR", object: JSON.parse(statusBody(code, reason)) as unknown });
}

function count(verb: string): number {
  return cluster().records.filter((record) => record.verb === verb).length;
}

/** Watches that have been accepted: their records come only when they end. */
function openWatches(): number {
  return cluster().proxy.requests.filter(({ watch, status, open }) => watch && status === 200 && open).length;
}

function uidOf(object: { metadata: { uid?: string } }): string {
  return object.metadata.uid ?? "";
}

function versions(objects: readonly { metadata: { name: string; resourceVersion?: string } }[]): readonly string[] {
  return objects.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).sort();
}

async function manyConfigMaps(amount: number): Promise<string> {
  const namespace = await cluster().namespace();
  const names = Array.from({ length: amount }, (_, index) => `cm-${index}`);
  await Promise.all(names.map((name) => cluster().direct.apply(configMap(namespace, name), { manager, signal })));
  return namespace;
}
