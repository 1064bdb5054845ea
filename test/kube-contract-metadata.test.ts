import { createServer, request as httpRequest } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { connectCluster } from "#adapters/kube/cluster-client.ts";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Selection } from "#engine/ports.ts";
import { configMaps, manager, quick, signal, useContractCluster } from "./support/contract-cluster.ts";
import { until, watchRecorder } from "./support/watch-recorder.ts";
import type { WatchRecorder } from "./support/watch-recorder.ts";

const cluster = useContractCluster();
const secrets = { ...configMaps, kind: "Secret", plural: "secrets" };
const CONTENT = Buffer.from("must stay on the server").toString("base64");

/** Everything that the server sent, as text. */
let wire: string;
let relay: Server;
let client: ConnectedCluster;
let namespace: string;
let stop: AbortController;
let running: Promise<void>[];

beforeEach(async () => {
  wire = "";
  relay = createServer((request, response) => {
    const { method, url, headers } = request;
    const onward = httpRequest(new URL(url ?? "/", cluster().proxy.url), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders();
      answer.on("data", (chunk: Buffer) => (wire += chunk.toString("latin1")));
      answer.on("error", () => response.destroy());
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  const server = `http://127.0.0.1:${(relay.address() as AddressInfo).port}`;
  client = connectCluster({ ...cluster().proxy.settings, server }, quick);
  namespace = await cluster().namespace();
  stop = new AbortController();
  running = [];
});
afterEach(async () => {
  stop.abort();
  await Promise.all(running);
  await client.close();
  await new Promise((resolve) => relay.close(resolve));
});

function watch(selection: Selection): WatchRecorder {
  const recorder = watchRecorder();
  running.push(client.watch(secrets, { namespace, metadataOnly: true, ...selection }, recorder, stop.signal));
  return recorder;
}

function secret(name: string, type = "helm.sh/release.v1", labels: Record<string, string> = { owner: "helm" }) {
  return { apiVersion: "v1", kind: "Secret", type, metadata: { name, namespace, labels }, data: { release: CONTENT } };
}

function create(object: Resource): Promise<Resource> {
  return cluster().direct.create(object, { manager, signal });
}

test("a watch for metadata never gets the content, and objects keep the name of their kind", async () => {
  await create(secret("before"));
  const seen = watch({});
  await until("the list is told", () => seen.log.includes("synced"));
  const created = await create(secret("later"));
  await until("the event is told", () => seen.log.includes("upsert later"));
  const labels = { owner: "helm", status: "deployed" };
  await cluster().direct.replace(
    { ...created, metadata: { ...created.metadata, labels, annotations: { seen: "yes" } } },
    { manager, signal },
  );
  await until(
    "the change is told",
    () => seen.objects.get(`${namespace}/later`)?.metadata.labels?.["status"] !== undefined,
  );

  for (const name of ["before", "later"]) {
    const object = seen.objects.get(`${namespace}/${name}`);
    expect(Object.keys(object ?? {}).toSorted()).toEqual(["apiVersion", "kind", "metadata"]);
    expect(object).toMatchObject({ apiVersion: "v1", kind: "Secret", metadata: { name, namespace } });
  }
  expect(seen.objects.get(`${namespace}/later`)?.metadata).toMatchObject({
    uid: created.metadata.uid,
    annotations: { seen: "yes" },
  });
  expect(wire).toContain("PartialObjectMetadata");
  expect(wire).toContain('"later"');
  expect(wire).not.toContain(CONTENT);
});

test("selectors of labels and of the Secret's type select on the server", async () => {
  await create(secret("ours"));
  await create(secret("other-type", "Opaque"));
  await create(secret("other-owner", "helm.sh/release.v1", { owner: "somebody" }));
  const seen = watch({ labelSelector: "owner=helm", fieldSelector: "type=helm.sh/release.v1" });
  await until("the list is told", () => seen.log.includes("synced"));
  await create(secret("another-type", "Opaque"));
  await create(secret("another"));
  await until("the event is told", () => seen.log.includes("upsert another"));
  expect(seen.log).toEqual(["upsert ours", "synced", "upsert another"]);
  expect(wire).not.toContain("other-type");
});

test("a broken watch for metadata resumes where it was, and tells what went meanwhile", async () => {
  const first = await create(secret("first"));
  const seen = watch({});
  await until("the list is told", () => seen.log.includes("synced"));
  await create(secret("second"));
  await until("the event is told", () => seen.log.includes("upsert second"));
  const from = cluster().proxy.requests.length;
  cluster().proxy.breakWatches();
  const { uid = "" } = first.metadata;
  await cluster().direct.delete({ apiVersion: "v1", kind: "Secret", namespace, name: "first" }, { uid, signal });
  await until("the deletion is told", () => seen.log.includes("gone first"));
  expect(seen.log.filter((line) => line !== "synced")).toEqual(["upsert first", "upsert second", "gone first"]);
  const asked = cluster()
    .proxy.requests.slice(from)
    .filter(({ path }) => path.endsWith("/secrets"));
  expect(asked.map((request) => request.watch)).not.toContain(false);
});

test("a list for metadata has no content either", async () => {
  await create(secret("listed"));
  const [found] = await client.list(secrets, { namespace, metadataOnly: true }, { signal });
  expect(found).toMatchObject({ apiVersion: "v1", kind: "Secret", metadata: { name: "listed" } });
  expect(found).not.toHaveProperty("data");
  expect(wire).not.toContain(CONTENT);
});

test("the content of a server that answers with whole objects is dropped", async () => {
  const object = { ...secret("whole"), metadata: { name: "whole", namespace, uid: "u", resourceVersion: "5" } };
  const list = { kind: "SecretList", apiVersion: "v1", metadata: { resourceVersion: "5" }, items: [object] };
  const event = JSON.stringify({
    type: "MODIFIED",
    object: { ...object, metadata: { ...object.metadata, resourceVersion: "6" } },
  });
  const path = /\/secrets$/;
  cluster().proxy.rule({
    match: { path, watch: false },
    act: { kind: "answer", status: 200, body: JSON.stringify(list) },
  });
  cluster().proxy.rule({ match: { path, watch: true }, act: { kind: "answer", status: 200, body: `${event}\n` } });
  const seen = watch({});
  await until("the event is told", () => seen.objects.get(`${namespace}/whole`)?.metadata.resourceVersion === "6");
  expect(wire).toContain(CONTENT);
  expect(Object.keys(seen.objects.get(`${namespace}/whole`) ?? {})).toEqual(["apiVersion", "kind", "metadata"]);
});
