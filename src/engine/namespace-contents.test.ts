import { afterEach, beforeEach, expect, test } from "vitest";
import type { AppKey } from "#core/app/app.ts";
import { NamespaceContents } from "./namespace-contents.ts";
import { settled } from "./testing/engine.ts";
import { FakeCluster } from "./testing/fake-cluster.ts";
import { configMap, kindInfo } from "./testing/fake-objects.ts";
import { keptLog } from "./testing/quiet.ts";

const SHOP = "app/apps/shop" as AppKey;
const CART = "app/apps/cart" as AppKey;

let cluster: FakeCluster;
let contents: NamespaceContents;
let told: AppKey[];
let end: () => Promise<void>;

beforeEach(() => {
  cluster = new FakeCluster([kindInfo("ConfigMap"), kindInfo("Secret"), kindInfo("Namespace", false)]);
  cluster.abilities = { ...cluster.abilities, apiVersions: ["v1", "v1/ConfigMap", "v1/Namespace", "v1/Secret"] };
  told = [];
  contents = new NamespaceContents({
    client: cluster,
    onChange: (app) => void told.push(app),
    log: keptLog(),
    random: () => 0.5,
  });
  const scope = new AbortController();
  const life = contents.run(scope.signal);
  end = async () => {
    scope.abort();
    await life;
  };
});
afterEach(() => end());

const asked = (kinds: readonly string[] = ["ConfigMap", "Secret", "Namespace"]) => ({
  namespace: "a",
  follows: ({ kind }: { kind: string }) => kinds.includes(kind),
});
const names = (app: AppKey) => contents.of(app)?.map(({ metadata }) => metadata.name);

test("NamespaceContents follows nothing while nobody asks, and nothing more when two ask", async () => {
  await settled();
  expect(cluster.watches.size).toBe(0);
  contents.ask(SHOP, asked());
  expect(contents.of(SHOP)).toBeNull();
  await settled();
  contents.ask(CART, asked());
  await settled();
  const watched = [...cluster.watches].map(({ info, selection }) => [info.kind, selection]);
  expect(watched).toEqual([
    ["ConfigMap", { namespace: "a", metadataOnly: true }],
    ["Secret", { namespace: "a", metadataOnly: true }],
  ]);
  contents.ask(SHOP, null);
  contents.ask(CART, null);
  await settled();
  expect(cluster.watches.size).toBe(0);
  expect(contents.of(SHOP)).toBeNull();
});

test("NamespaceContents holds what nobody owns, and tells when that changes", async () => {
  cluster.put(configMap("x", { a: "1" }));
  contents.ask(SHOP, asked(["ConfigMap"]));
  await settled();
  expect([names(SHOP), told]).toEqual([["x"], [SHOP]]);
  cluster.put(configMap("x", { a: "2" }));
  const owner = { apiVersion: "v1", kind: "Pod", name: "p", uid: "u" };
  cluster.put({ ...configMap("owned", {}), metadata: { ...configMap("owned").metadata, ownerReferences: [owner] } });
  await settled();
  expect([names(SHOP), told]).toEqual([["x"], [SHOP]]);
  cluster.put(configMap("y", {}));
  await settled();
  cluster.take(configMap("x"));
  await settled();
  expect([names(SHOP), told]).toEqual([["y"], [SHOP, SHOP, SHOP]]);
});
