import { describe, expect, test } from "vitest";
import { connectCluster } from "#adapters/kube/cluster-client.ts";
import { parseExactJson } from "#adapters/kube/exact-json.ts";
import { loadKubeconfig } from "#adapters/kube/kubeconfig.ts";
import type { RequestRecord } from "#adapters/kube/requester.ts";
import {
  configMap,
  configMapRef,
  configMaps,
  definition,
  failure,
  manager,
  quick,
  signal,
  useContractCluster,
} from "./support/contract-cluster.ts";
import { statusBody } from "./support/fault-proxy.ts";
import { until } from "./support/watch-recorder.ts";

const cluster = useContractCluster();
const secrets = { ...configMaps, kind: "Secret", plural: "secrets" };

describe.each(["directly", "through the proxy"])("cluster client %s", (way) => {
  const client = () => (way === "directly" ? cluster().direct : cluster().proxied);

  test("apply() creates, then updates, and says which", async () => {
    const namespace = await cluster().namespace();
    const first = await client().apply(configMap(namespace, "a", { data: { x: "1" } }), { manager, signal });
    const second = await client().apply(configMap(namespace, "a", { data: { x: "2" } }), { manager, signal });
    expect([first.created, second.created]).toEqual([true, false]);
    expect(second.object["data"]).toEqual({ x: "2" });
    expect(second.object.metadata.managedFields?.[0]?.manager).toBe(manager);
  });

  test("apply() with dryRun stores nothing", async () => {
    const namespace = await cluster().namespace();
    const answer = await client().apply(configMap(namespace, "a"), { manager, dryRun: true, signal });
    expect(answer.object.metadata.uid).toBeTruthy();
    expect(await client().get(configMapRef(namespace, "a"), { signal })).toBeNull();
  });

  test("apply() without force names the other writer of a field", async () => {
    const namespace = await cluster().namespace();
    await client().apply(configMap(namespace, "a", { data: { x: "1" } }), { manager: "somebody", signal });
    const refused = failure(
      client().apply(configMap(namespace, "a", { data: { x: "2" } }), { manager, force: false, signal }),
    );
    expect(await refused).toMatchObject({ code: 409, causes: [{ reason: "FieldManagerConflict", field: ".data.x" }] });
    await client().apply(configMap(namespace, "a", { data: { x: "2" } }), { manager, signal });
  });

  test("apply() reports fields that do not fit the schema as the object's fault", async () => {
    const namespace = await cluster().namespace();
    const refused = await failure(client().apply({ ...configMap(namespace, "a"), dat: {} }, { manager, signal }));
    expect(refused).toMatchObject({ code: 422, reason: "Invalid", causes: [{ field: "dat" }] });
    expect(refused.message).toBe(
      `Cannot apply ConfigMap/${namespace}/a: it does not fit its schema: dat: field not declared in schema`,
    );
  });

  test("get() tells a missing object from a kind that is not served", async () => {
    expect(await client().get(configMapRef("default", "missing"), { signal })).toBeNull();
    const unknown = { apiVersion: "example.com/v1", kind: "Nothing", name: "x" };
    expect(await failure(client().get(unknown, { signal }))).toMatchObject({ code: 404, reason: "UnknownKind" });
  });

  test("names cannot reach another path", async () => {
    for (const name of ["../secrets/x", "a/status", "..", "a%2fb", ""]) {
      expect(await failure(client().get(configMapRef("default", name), { signal }))).toMatchObject({ code: 400 });
    }
    const nowhere = { apiVersion: "v1", kind: "ConfigMap", name: "a" };
    expect(await failure(client().get(nowhere, { signal }))).toMatchObject({ code: 400 });
  });

  test("create() and replace() respect what exists", async () => {
    const namespace = await cluster().namespace();
    const created = await client().create(configMap(namespace, "a"), { manager, signal });
    expect(await failure(client().create(configMap(namespace, "a"), { manager, signal }))).toMatchObject({
      code: 409,
      reason: "AlreadyExists",
    });
    await client().replace({ ...created, data: { y: "1" } }, { manager, signal });
    const stale = client().replace({ ...created, data: { y: "2" } }, { manager, signal });
    expect(await failure(stale)).toMatchObject({ code: 409, reason: "Conflict" });
  });

  test("patch() merges, patches by operations and reaches the status", async () => {
    const namespace = await cluster().namespace();
    await client().apply(configMap(namespace, "a", { data: { x: "1", y: "1" } }), { manager, signal });
    const at = configMapRef(namespace, "a");
    const merged = await client().patch(at, { data: { x: null } }, { type: "merge", manager, signal });
    expect(merged["data"]).toEqual({ y: "1" });
    const operations = [{ op: "replace", path: "/data/y", value: "2" }];
    expect((await client().patch(at, operations, { type: "json", manager, signal }))["data"]).toEqual({ y: "2" });
    const conditions = [{ type: "Tested", status: "True" }];
    const space = { apiVersion: "v1", kind: "Namespace", name: namespace };
    const options = { type: "merge", manager, subresource: "status", signal } as const;
    const patched = await client().patch(space, { status: { conditions } }, options);
    expect(patched["status"]).toMatchObject({ conditions });
  });

  test("delete() demands the UID and the version it was given", async () => {
    const namespace = await cluster().namespace();
    const { object } = await client().apply(configMap(namespace, "a"), { manager, signal });
    const uid = object.metadata.uid ?? "";
    const at = configMapRef(namespace, "a");
    expect(await failure(client().delete(at, { uid: "", signal }))).toMatchObject({ code: 400 });
    expect(await failure(client().delete(at, { uid: "another", signal }))).toMatchObject({ code: 409 });
    expect(await failure(client().delete(at, { uid, resourceVersion: "1", signal }))).toMatchObject({ code: 409 });
    expect(await client().get(at, { signal })).not.toBeNull();
    expect(await client().delete(at, { uid, signal })).toBe(true);
    expect(await client().delete(at, { uid, signal })).toBe(false);
  });

  test("list() selects, and gives items their type", async () => {
    const namespace = await cluster().namespace();
    await client().apply(configMap(namespace, "a", { labels: { team: "x" } }), { manager, signal });
    await client().apply(configMap(namespace, "b"), { manager, signal });
    const found = await client().list(configMaps, { namespace, labelSelector: "team=x" }, { signal });
    expect(found.map(({ apiVersion, kind, metadata }) => [apiVersion, kind, metadata.name])).toEqual([
      ["v1", "ConfigMap", "a"],
    ]);
  });

  test("impersonation acts with that user's rights and is refused when empty", async () => {
    const as = { user: "nobody-in-particular" };
    const refused = await failure(client().list(secrets, {}, { signal, as }));
    expect(refused).toMatchObject({ code: 403, reason: "Forbidden" });
    expect(refused.message).toContain('User "nobody-in-particular" cannot list resource "secrets"');
    const granted = { user: "someone", groups: ["system:masters"] };
    expect(await client().list(secrets, { namespace: "default" }, { signal, as: granted })).toEqual([]);
    for (const empty of [{ user: "" }, { user: "a", groups: [""] }, { user: "a\r\nx: y" }]) {
      expect(await failure(client().list(secrets, {}, { signal, as: empty }))).toMatchObject({ code: 400 });
    }
  });

  test("watch() reports changes, lost labels and re-created objects", async () => {
    const namespace = await cluster().namespace();
    await client().apply(configMap(namespace, "before", { labels: { own: "1" } }), { manager, signal });
    const seen = cluster().watch(client(), { namespace, labelSelector: "own=1" });
    await until("the list is complete", () => seen.log.includes("synced"));
    expect(seen.log).toEqual(["upsert before", "synced"]);
    const first = await client().apply(configMap(namespace, "a", { labels: { own: "1" } }), { manager, signal });
    await client().apply(configMap(namespace, "a", { data: { x: "ü✓" }, labels: { own: "1" } }), { manager, signal });
    await client().delete(configMapRef(namespace, "a"), { uid: first.object.metadata.uid ?? "", signal });
    await client().apply(configMap(namespace, "a", { labels: { own: "1" } }), { manager, signal });
    await client().apply(configMap(namespace, "before"), { manager, signal });
    await until("everything was told", () => seen.log.includes("gone before"));
    expect(seen.log.slice(2)).toEqual(["upsert a", "upsert a", "gone a", "upsert a", "gone before"]);
    expect(seen.objects.get(`${namespace}/a`)?.metadata.uid).not.toBe(first.object.metadata.uid);
  });

  test("a written object keeps fields that this client does not know", async () => {
    const crd = definition("keeps", { properties: { size: { type: "string", enum: ["s", "l"], default: "s" } } });
    const { object } = await client().apply(crd, { manager, signal });
    const versions = (object["spec"] as { versions: { schema: { openAPIV3Schema: { properties: unknown } } }[] })
      .versions;
    expect(versions[0]?.schema.openAPIV3Schema.properties).toMatchObject({
      spec: { properties: { size: { default: "s", enum: ["s", "l"] } } },
    });
  });
});

describe("cluster client on the real server", () => {
  test("list() reads more objects than one page holds", async () => {
    const namespace = await cluster().namespace();
    const names = Array.from({ length: 620 }, (_, index) => `cm-${String(index).padStart(4, "0")}`);
    await Promise.all(names.map((name) => cluster().direct.apply(configMap(namespace, name), { manager, signal })));
    const listed = await cluster().direct.list(configMaps, { namespace, labelSelector: "!x" }, { signal });
    expect(listed.map((item) => item.metadata.name).filter((name) => name.startsWith("cm-"))).toEqual(names);
  });

  test("a new kind is found at once after invalidateDiscovery(), although it is not served at first", async () => {
    const kind = { group: "contract.example.com", kind: "Lateish" };
    const { proxied, proxy, direct } = cluster();
    expect(await proxied.kind(kind, { signal })).toEqual({ known: "no" });
    await direct.apply(definition("lateish", {}), { manager, signal });
    const none = JSON.stringify({ kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2", items: [] });
    const headers = { "content-type": "application/json" };
    const early = proxy.rule({
      match: { path: /^\/apis$/ },
      act: { kind: "answer", status: 200, headers, body: none },
      times: 1,
    });
    proxied.invalidateDiscovery();
    expect((await proxied.kind({ group: "", kind: "ConfigMap" }, { signal })).known).toBe("yes");
    expect(early.hits).toBe(1);
    expect((await proxied.kind(kind, { signal })).known).toBe("yes");
  });

  test("an aggregated API that does not answer is unknown, not absent", async () => {
    const name = "v1.broken.example.com";
    await cluster().direct.apply(
      {
        apiVersion: "apiregistration.k8s.io/v1",
        kind: "APIService",
        metadata: { name },
        spec: {
          group: "broken.example.com",
          version: "v1",
          service: { namespace: "default", name: "missing" },
          insecureSkipTLSVerify: true,
          groupPriorityMinimum: 1000,
          versionPriority: 10,
        },
      },
      { manager, signal },
    );
    await until("the broken group shows", async () => {
      cluster().direct.invalidateDiscovery();
      return (await cluster().direct.kind({ group: "broken.example.com", kind: "X" }, { signal })).known === "unknown";
    });
    expect((await cluster().direct.kind({ group: "apps", kind: "Deployment" }, { signal })).known).toBe("yes");
    expect((await cluster().direct.kind({ group: "absent.example.com", kind: "X" }, { signal })).known).toBe("no");
    const service = { apiVersion: "apiregistration.k8s.io/v1", kind: "APIService", name };
    const found = await cluster().direct.get(service, { signal });
    await cluster().direct.delete(service, { uid: found?.metadata.uid ?? "", signal });
  });

  test("integers beyond 2^53 come and go without losing a digit", async () => {
    await cluster().define("bigint", { "x-kubernetes-preserve-unknown-fields": true });
    const namespace = await cluster().namespace();
    const object = {
      apiVersion: "contract.example.com/v1",
      kind: "Bigint",
      metadata: { name: "g", namespace },
      spec: {},
    };
    await cluster().direct.apply(object, { manager, signal });
    const at = { apiVersion: object.apiVersion, kind: object.kind, namespace, name: "g" };
    const patch = parseExactJson('{"spec":{"big":9007199254740993}}');
    await cluster().direct.patch(at, patch, { type: "merge", manager, signal });
    const read = await cluster().direct.get(at, { signal });
    expect(JSON.stringify(read?.["spec"])).toBe('{"big":9007199254740993}');
    if (!read) throw new Error("The object is missing");
    const { managedFields: _dropped, ...metadata } = read.metadata;
    const replaced = await cluster().direct.replace({ ...read, metadata }, { manager, signal });
    expect(JSON.stringify(replaced["spec"])).toBe('{"big":9007199254740993}');
  });

  test("hasAdmission() knows webhooks, bound policies and CRD rules", async () => {
    const ask = (group: string, kind: string) => cluster().direct.hasAdmission({ group, kind }, { signal });
    expect(await ask("", "ConfigMap")).toBe(false);
    await cluster().define("ruled", {
      properties: { n: { type: "integer", "x-kubernetes-validations": [{ rule: "self < 10" }] } },
    });
    await cluster().define("unruled", { properties: { n: { type: "integer" } } });
    const resourceRules = [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }];
    const meta = { name: "holdfast-contract" };
    const api = "admissionregistration.k8s.io/v1";
    const policy = {
      apiVersion: api,
      kind: "ValidatingAdmissionPolicy",
      metadata: meta,
      spec: { matchConstraints: { resourceRules }, validations: [{ expression: "true" }] },
    };
    await cluster().direct.apply(policy, { manager, signal });
    cluster().direct.invalidateDiscovery();
    expect(await ask("", "ConfigMap")).toBe(false);
    const spec = { policyName: meta.name, validationActions: ["Deny"] };
    await cluster().direct.apply(
      { apiVersion: api, kind: "ValidatingAdmissionPolicyBinding", metadata: meta, spec },
      { manager, signal },
    );
    cluster().direct.invalidateDiscovery();
    expect(await ask("", "ConfigMap")).toBe(true);
    expect(await ask("", "Secret")).toBe(false);
    await until("the schemas are published", async () => {
      cluster().direct.invalidateDiscovery();
      return !(await ask("contract.example.com", "Unruled"));
    });
    expect(await ask("contract.example.com", "Ruled")).toBe(true);
  });

  test("hasAdmission() is true when the configurations may not be read", async () => {
    cluster().proxy.rule({
      match: { path: /admissionregistration/ },
      act: { kind: "answer", status: 403, body: statusBody(403, "Forbidden") },
    });
    const client = connectCluster(cluster().proxy.settings, quick);
    expect(await client.hasAdmission({ group: "", kind: "ConfigMap" }, { signal })).toBe(true);
    await client.close();
  });

  test("messages about Secrets hold none of their values", async () => {
    const namespace = await cluster().namespace();
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "s", namespace } };
    const bad = [
      { data: { key: "hunter2!!" } },
      { stringData: { key: 4711 } },
      { data: "hunter2!!" },
      { type: { a: "hunter2!!" } },
    ];
    for (const part of bad) {
      const refused = await failure(cluster().direct.apply({ ...secret, ...part }, { manager, signal }));
      expect(`${refused.message} ${JSON.stringify(refused.causes)} ${String(refused.cause)}`).not.toMatch(
        /hunter2|4711/,
      );
      expect(refused.message).toContain(`Cannot apply Secret/${namespace}/s`);
    }
  });

  test("the API server away and back: watches go on, with at most one list each", async () => {
    const namespace = await cluster().namespace();
    const records: RequestRecord[] = [];
    const client = connectCluster(await loadKubeconfig({ path: cluster().plane.kubeconfigPath, signal }), {
      ...quick,
      onRequest: (record) => records.push(record),
    });
    const seen = cluster().watch(client, { namespace });
    await until("the list is complete", () => seen.log.includes("synced"));
    const lists = records.filter(({ verb }) => verb === "list").length;
    await cluster().plane.killApiServer();
    await until("the failure is told", () => seen.log.includes("failed"));
    await cluster().plane.restartApiServer(signal);
    await client.apply(configMap(namespace, "after"), { manager, signal });
    await until("the change is told", () => seen.objects.has(`${namespace}/after`), 60_000);
    expect(records.filter(({ verb, code }) => verb === "list" && code === 200).length - lists).toBeLessThanOrEqual(1);
    expect(seen.log.filter((line) => line.startsWith("gone"))).toEqual([]);
    await client.close();
  });
});
