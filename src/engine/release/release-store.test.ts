import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AppKey } from "#core/app/app.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import { releaseSecret } from "#core/helm/release-record.ts";
import type { HelmRelease, HelmReleaseStatus } from "#core/helm/release.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { AuditRecord, ReleaseTools, StoredRelease } from "../ports.ts";
import { plainApp } from "../testing/app.ts";
import { settled } from "../testing/engine.ts";
import { FakeCluster } from "../testing/fake-cluster.ts";
import { kindInfo } from "../testing/fake-objects.ts";
import { handClock, keptLog } from "../testing/quiet.ts";
import { ReleaseStore } from "./release-store.ts";
import type { ReleaseStoreOptions } from "./release-store.ts";
import type { StoredSummary } from "./release-store-index.ts";

const { signal } = new AbortController();
const app = plainApp("shop");
const SHOP = app.key;
const CART = "app/apps/cart" as AppKey;
const storage = { namespace: "web", name: "shop" };
const manager = "us";
const atMs = 1_795_256_296_000;

let cluster: FakeCluster;
let told: AppKey[];
let audit: AuditRecord[];
let decodes: number;
let store: ReleaseStore;
let end: () => Promise<void>;

/** A record is the release's JSON; anything else is none. */
const tools: Pick<ReleaseTools, "encode" | "decode"> = {
  encode: ({ release }) =>
    Promise.resolve({ record: JSON.stringify(release), digest: `digest ${release.info.status}` }),
  decode: async ({ secretData, ociDigest }) => {
    decodes++;
    const release = JSON.parse(Buffer.from(secretData, "base64").toString()) as HelmRelease;
    return { ...storedOf(release), digest: `digest ${release.info.status} ${ociDigest}`.trim() };
  },
};

function startStore(changes: Partial<ReleaseStoreOptions> = {}): ReleaseStore {
  const started = new ReleaseStore({
    client: cluster,
    tools,
    namespaces: null,
    onChange: (key) => void told.push(key),
    audit: { append: (record) => void audit.push(record) },
    clock: handClock(atMs),
    log: keptLog(),
    random: () => 0.5,
    ...changes,
  });
  const scope = new AbortController();
  const life = started.run(scope.signal);
  end = async () => {
    scope.abort();
    await life;
  };
  return started;
}

beforeEach(() => {
  cluster = new FakeCluster([kindInfo("Secret")]);
  [told, audit, decodes] = [[], [], 0];
  store = startStore();
});
afterEach(() => end());

function releaseOf(version: number, status: HelmReleaseStatus = "deployed", name = "shop"): HelmRelease {
  const chart = { metadata: { name: "web", version: "1.2.3", apiVersion: "v2" } };
  return { name, namespace: "web", version, info: { status }, chart, manifest: "" };
}

function storedOf(release: HelmRelease): Omit<StoredRelease, "digest"> {
  return { release, configDigest: "", objects: [], hooks: [] };
}

/** A record as somebody else writes it. */
function theirs(version: number, status: HelmReleaseStatus = "deployed", name = "shop"): Resource {
  const release = releaseOf(version, status, name);
  const written = { as: "created", atMs } as const;
  const record = JSON.stringify(release);
  return { ...releaseSecret({ release, storageNamespace: "web", record, written }) };
}

function writeOf(release: HelmRelease) {
  return { app, manager, stored: storedOf(release), ociDigest: "" };
}

/** The records of a storage as `version status`, or what is known instead. */
function known(of = storage, asker = SHOP): string[] | string {
  const answer = store.records(asker, of);
  return answer.kind === "read" ? answer.records.map(({ version, status }) => `${version} ${status}`) : answer.kind;
}

async function summaries(): Promise<readonly StoredSummary[]> {
  store.records(SHOP, storage);
  await settled();
  const answer = store.records(SHOP, storage);
  told = [];
  return answer.kind === "read" ? answer.records : [];
}

describe("ReleaseStore follows records", () => {
  test("by one watch of metadata for all apps, from the first that asks", async () => {
    expect(cluster.watches.size).toBe(0);
    for (const version of [2, 10, 9]) cluster.put(theirs(version));
    cluster.put(theirs(1, "deployed", "cart"));
    cluster.put({ ...theirs(3), type: "Opaque" });
    expect([known(), known({ ...storage, name: "cart" }, CART)]).toEqual(["pending", "pending"]);
    await settled();
    expect(told.toSorted()).toEqual([CART, SHOP]);
    expect([known(), known({ ...storage, name: "cart" })]).toEqual([
      ["10 deployed", "9 deployed", "2 deployed"],
      ["1 deployed"],
    ]);
    expect(known({ ...storage, namespace: "elsewhere" })).toEqual([]);
    const [watch, ...others] = cluster.watches;
    expect(others).toEqual([]);
    expect(watch?.selection).toEqual({
      labelSelector: "owner=helm",
      fieldSelector: "type=helm.sh/release.v1",
      metadataOnly: true,
    });
  });

  test("and tells those who asked of somebody else's changes", async () => {
    const first = cluster.put(theirs(1));
    await summaries();
    store.records(CART, { ...storage, name: "cart" });
    cluster.put(theirs(2));
    await settled();
    expect([told, known()]).toEqual([[SHOP], ["2 deployed", "1 deployed"]]);
    cluster.put(theirs(1, "superseded"));
    await settled();
    expect([told, known()]).toEqual([
      [SHOP, SHOP],
      ["2 deployed", "1 superseded"],
    ]);
    cluster.take(first);
    await settled();
    expect([told, known()]).toEqual([[SHOP, SHOP, SHOP], ["2 deployed"]]);
    store.forget(SHOP);
    cluster.put(theirs(3));
    await settled();
    expect(told).toHaveLength(3);
  });

  test("and believes that one is gone only when a read confirms it", async () => {
    const first = cluster.put(theirs(1));
    await summaries();
    for (const { handler } of cluster.watches) handler.gone(first);
    await settled();
    expect([told, known()]).toEqual([[], ["1 deployed"]]);
  });

  test("and drops one that loses Helm's labels", async () => {
    const first = cluster.put(theirs(1));
    await summaries();
    const { labels } = first.metadata;
    cluster.put({ ...first, metadata: { ...first.metadata, labels: { ...labels, owner: "me" } } });
    await settled();
    expect([told, known()]).toEqual([[SHOP], []]);
  });

  test("and says why they cannot be read, until they can", async () => {
    cluster.tells = false;
    known();
    await settled();
    for (const { handler } of cluster.watches) handler.failed(new Error("forbidden"));
    expect(store.records(SHOP, storage)).toEqual({ kind: "failed", reason: "forbidden" });
    cluster.put(theirs(1));
    for (const { handler } of cluster.watches) handler.synced();
    expect([known(), told]).toEqual([["1 deployed"], [SHOP, SHOP]]);
    for (const { handler } of cluster.watches) handler.failed(new Error("cut off"));
    expect(known()).toEqual(["1 deployed"]);
  });

  test("in the served namespaces, and knows nothing of others", async () => {
    await end();
    store = startStore({ namespaces: ["web", "apps"] });
    cluster.put(theirs(1));
    known();
    await settled();
    expect([...cluster.watches].map(({ selection }) => selection.namespace)).toEqual(["web", "apps"]);
    expect(known()).toEqual(["1 deployed"]);
    expect(store.records(SHOP, { ...storage, namespace: "elsewhere" })).toEqual({
      kind: "failed",
      reason: "releases in namespace elsewhere are not served here",
    });
  });
});

describe("ReleaseStore.read()", () => {
  const read = (summary: StoredSummary | undefined, ociDigest = "", reader = app) =>
    store.read({ app: reader, summary: summary!, ociDigest }, signal);

  test("reads each state of a record once, with the app's rights", async () => {
    cluster.put(theirs(1));
    const [summary] = await summaries();
    const tenant = { ...app, target: { ...app.target, impersonate: "tenant" } };
    expect(await read(summary)).toMatchObject({ release: { version: 1 }, digest: "digest deployed" });
    await read(summary);
    expect([decodes, cluster.log]).toEqual([1, ["get Secret/sh.helm.release.v1.shop.v1"]]);
    expect(await read(summary, "sha256:a")).toMatchObject({ digest: "digest deployed sha256:a" });
    let actor: unknown;
    const get = cluster.get.bind(cluster);
    cluster.get = (ref, options) => ((actor = options.as), get(ref, options));
    await read(summary, "", tenant);
    expect([actor, decodes]).toEqual([{ user: "tenant" }, 3]);
    cluster.put(theirs(1, "failed"));
    const [changed] = await summaries();
    expect(await read(changed)).toMatchObject({ digest: "digest failed" });
  });

  test("names the Secret of a record that cannot be read", async () => {
    const secret = cluster.put(theirs(1));
    const [summary] = await summaries();
    const subject = "Cannot read release record Secret/web/sh.helm.release.v1.shop.v1";
    cluster.put({ ...secret, data: { release: Buffer.from("no release").toString("base64") } });
    await expect(read(summary)).rejects.toThrow(`${subject}: Unexpected token`);
    cluster.put({ ...secret, data: {} });
    await expect(read(summary)).rejects.toThrow(`${subject}: it holds no release`);
    cluster.take(secret);
    await expect(read(summary)).rejects.toThrow(`${subject}: it is gone`);
    await settled();
    expect(known()).toEqual([]);
  });
});

describe("ReleaseStore writes records", () => {
  const create = (version: number, status?: HelmReleaseStatus) =>
    store.create({ ...writeOf(releaseOf(version, status)), storageNamespace: "web" }, signal);

  test("that it knows at once, needs not read, and wakes nobody for", async () => {
    await summaries();
    const { summary, stored } = await create(1, "pending-install");
    expect(known()).toEqual(["1 pending-install"]);
    expect([summary.writtenFor, stored.digest]).toEqual(["uid-shop", "digest pending-install"]);
    expect(await store.read({ app, summary, ociDigest: "" }, signal)).toEqual(stored);
    const updated = await store.update({ ...writeOf(releaseOf(1)), summary }, signal);
    expect(known()).toEqual(["1 deployed"]);
    await store.read({ app, summary: updated.summary, ociDigest: "" }, signal);
    expect(await store.remove({ app, summary: updated.summary }, signal)).toBe(true);
    expect(known()).toEqual([]);
    await settled();
    expect([told, decodes, known()]).toEqual([[], 0, []]);
    expect(cluster.log.map((line) => line.split(" ")[0])).toEqual(["create", "replace", "delete"]);
  });

  test("as Helm does, marked with whom they are for, acting as the app", async () => {
    const tenant = { ...app, target: { ...app.target, impersonate: "tenant" } };
    const write = { ...writeOf(releaseOf(1)), app: tenant };
    const { summary } = await store.create({ ...write, storageNamespace: "web" }, signal);
    const name = "sh.helm.release.v1.shop.v1";
    expect(cluster.find("Secret", name)).toMatchObject({
      type: "helm.sh/release.v1",
      metadata: {
        namespace: "web",
        labels: { createdAt: "1795256296", name: "shop", owner: "helm", status: "deployed", version: "1" },
        annotations: { "holdfast.dev/release-of": "uid-shop" },
      },
      data: { release: Buffer.from(JSON.stringify(releaseOf(1))).toString("base64") },
    });
    const own = { ...summary, labels: { ...summary.labels, team: "a" } };
    const superseded = { ...write, stored: storedOf(releaseOf(1, "superseded")), summary: own };
    const updated = await store.update(superseded, signal);
    const labels = { name: "shop", owner: "helm", status: "superseded", version: "1", team: "a" };
    expect(cluster.find("Secret", name)?.metadata.labels).toEqual({ ...labels, modifiedAt: "1795256296" });
    await store.remove({ app: tenant, summary: updated.summary }, signal);
    const options = cluster.requests.map((request) => request.options);
    expect(options).toMatchObject([{ manager }, { manager }, { uid: summary.uid }]);
    for (const one of options) expect(one).toMatchObject({ as: { user: "tenant" } });
  });

  test("and finds those that Helm writes over not its own any more", async () => {
    const { summary } = await create(1);
    const [before] = await summaries();
    const { annotations: _dropped, ...metadata } = cluster.find("Secret", "sh.helm.release.v1.shop.v1")!.metadata;
    cluster.put({ ...theirs(1, "failed"), metadata: { ...metadata, labels: theirs(1, "failed").metadata.labels! } });
    const [after] = await summaries();
    expect([summary.writtenFor, before?.writtenFor, after?.writtenFor]).toEqual(["uid-shop", "uid-shop", null]);
  });

  test("and holds what the watch tells of them back until their own answer has come", async () => {
    await summaries();
    cluster.after = async ({ verb }) => {
      if (verb !== "create") return;
      await settled();
      expect(known()).toEqual([]);
    };
    await create(1, "pending-install");
    await settled();
    expect(told).toEqual([]);
    cluster.after = ({ verb }) => {
      if (verb === "replace") cluster.put(theirs(1, "failed"));
    };
    const [summary] = await summaries();
    await store.update({ ...writeOf(releaseOf(1)), summary: summary! }, signal);
    expect([told, known()]).toEqual([[SHOP], ["1 failed"]]);
  });

  test("only over the state that was seen, and tells of a record whose answer was lost", async () => {
    cluster.put(theirs(1));
    const [summary] = await summaries();
    cluster.put(theirs(1, "failed"));
    const update = store.update({ ...writeOf(releaseOf(1)), summary: summary! }, signal);
    await expect(update).rejects.toMatchObject({ code: 409 });
    const another = store.remove({ app, summary: { ...summary!, uid: "another" } }, signal);
    await expect(another).rejects.toMatchObject({ code: 409 });
    expect(known()).toEqual(["1 failed"]);
    told = [];
    cluster.after = () => {
      throw new ApiError({ code: 0, reason: "NoAnswer", message: "lost" });
    };
    await expect(create(2)).rejects.toThrow("lost");
    expect([told, known()]).toEqual([[SHOP], ["2 deployed", "1 failed"]]);
  });

  test("and is not told of a deleted one again by what was on its way", async () => {
    const { summary } = await create(1);
    await summaries();
    const late = cluster.find("Secret", "sh.helm.release.v1.shop.v1")!;
    await store.remove({ app, summary }, signal);
    for (const { handler } of cluster.watches) handler.upsert(late);
    await settled();
    expect([known(), told]).toEqual([[], []]);
    await create(1, "failed");
    expect(known()).toEqual(["1 failed"]);
  });

  test("with a line of audit for each, without their content", async () => {
    const { summary } = await create(1);
    const updated = await store.update({ ...writeOf(releaseOf(1, "superseded")), summary }, signal);
    await expect(store.remove({ app, summary: { ...updated.summary, uid: "another" } }, signal)).rejects.toThrow();
    await store.remove({ app, summary: updated.summary }, signal);
    expect(audit.map(({ verb, object, app: of, revision }) => [verb, object, of, revision])).toEqual([
      ["create", "Secret/web/sh.helm.release.v1.shop.v1", SHOP, "1.2.3"],
      ["update", "Secret/web/sh.helm.release.v1.shop.v1", SHOP, "1.2.3"],
      ["delete", "Secret/web/sh.helm.release.v1.shop.v1", SHOP, ""],
      ["delete-refused", "Secret/web/sh.helm.release.v1.shop.v1", SHOP, ""],
      ["delete", "Secret/web/sh.helm.release.v1.shop.v1", SHOP, ""],
    ]);
    expect(audit[1]).toMatchObject({
      at: atMs,
      reason: "release shop, revision 1 is superseded",
      detail: { uid: summary.uid, status: "superseded" },
    });
    expect(JSON.stringify(audit)).not.toContain("manifest");
  });
});
