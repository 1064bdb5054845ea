import { createHash } from "node:crypto";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startHttpProxy } from "#test/support/http-proxy.ts";
import { startS3Server } from "#test/support/s3-server.ts";
import { fetched, filesOf, refused, secretOf, signal, synced, useBucketWorld } from "./testing/bucket-world.ts";

const world = useBucketWorld();

/** The revision as upstream computes it, from what the objects hold. */
function revisionOf(files: Readonly<Record<string, string>>): string {
  const lines = Object.keys(files)
    .sort()
    .map((key) => `${key} ${createHash("md5").update(files[key]!).digest("hex")}\n`);
  return `sha256:${createHash("sha256").update(lines.join("")).digest("hex")}`;
}

async function storedContents(): Promise<readonly string[]> {
  const root = join(world().directory, "repositories");
  const [repository = ""] = await readdir(root);
  const folder = join(root, repository, "contents");
  return (await readdir(folder)).map((name) => join(folder, name));
}

async function putAll(count: number): Promise<void> {
  const keys = Array.from({ length: count }, (_, at) => `many/${at}.yaml`);
  for (let at = 0; at < count; at += 32) {
    await Promise.all(keys.slice(at, at + 32).map((key) => world().put(key, `key: ${key}\n`)));
  }
}

describe("sync() and tree()", () => {
  test("give the objects of a bucket as files, and a digest over keys and tags as revision", async () => {
    const { open, put } = world();
    const files = { "app/a b+c.yaml": "a: 1\n", "app/ü.yaml": "u: 1\n", "kustomization.yaml": "resources: []\n" };
    for (const [key, content] of Object.entries(files)) await put(key, content);
    const repository = open();
    expect(await fetched(repository)).toEqual(files);
    expect(await synced(repository)).toBe(revisionOf(files));
  });

  test("know an empty bucket as an empty tree", async () => {
    expect(await fetched(world().open())).toEqual({});
  });

  test("read every page of a listing", { timeout: 60_000 }, async () => {
    await putAll(1_003);
    const files = await fetched(world().open());
    expect(Object.keys(files)).toHaveLength(1_003);
    expect(files["many/1002.yaml"]).toBe("key: many/1002.yaml\n");
  });

  test("use only keys with the prefix, and keep the prefix in the paths", async () => {
    const { open, put } = world();
    for (const key of ["apps/a.yaml", "apps-old/b.yaml", "other/c.yaml"]) await put(key, key);
    expect(await fetched(open({ remote: { prefix: "apps/" } }))).toEqual({ "apps/a.yaml": "apps/a.yaml" });
  });

  test("tell a new revision when an object changes, comes or goes, and the old one when it is as before", async () => {
    const { server, bucket, open, put } = world();
    await put("a", "1");
    const repository = open();
    const first = await synced(repository);
    expect(await synced(repository)).toBe(first);
    await put("a", "2");
    const second = await synced(repository);
    await put("b", "1");
    const third = await synced(repository);
    expect(new Set([first, second, third]).size).toBe(3);
    expect(await filesOf(await repository.tree(third, signal))).toEqual({ a: "2", b: "1" });
    expect(await filesOf(await repository.tree(second, signal))).toEqual({ a: "2" });
    await server.remove(bucket, "b");
    expect(await synced(repository)).toBe(second);
  });

  test("leave out what ignore rules hide, from the revision too", async () => {
    const { open, put } = world();
    await put("a.yaml", "a");
    const plain = await synced(open());
    await put("logo.png", "hidden by default");
    await put(".git/config", "always hidden");
    expect(await synced(open())).toBe(plain);
    expect(await storedContents()).toHaveLength(1);
    await put(".sourceignore", "a.yaml\n");
    const files = { "logo.png": "hidden by default" };
    expect(await synced(open())).toBe(revisionOf(files));
    expect(await fetched(open())).toEqual({ ...files, ".sourceignore": "a.yaml\n" });
    expect(await synced(open({ remote: { ignore: "*.png" } }))).toBe(revisionOf({}));
  });

  test("keep what is followed and two revisions before it, each content once", async () => {
    const { open, put } = world();
    await put("same", "same");
    const repository = open();
    for (const content of ["1", "2", "3", "4"]) {
      await put("a", content);
      await synced(repository);
    }
    expect(await storedContents()).toHaveLength(4);
  });

  test("say of a revision that was not kept what the bucket is at", async () => {
    const { open, put } = world();
    await put("a", "1");
    const lost = `sha256:${"0a".repeat(32)}`;
    const { failure, message } = await refused(open().tree(lost, signal));
    expect(failure).toBe("ref");
    expect(message).toContain(`it is at ${revisionOf({ a: "1" })} now`);
  });
});

describe("what was fetched", () => {
  test("is there after a restart without the server", async () => {
    const leaving = await startS3Server();
    await leaving.createBucket(world().bucket);
    await leaving.put(world().bucket, "a", "1");
    const keys = { accesskey: leaving.accessKey, secretkey: leaving.secretKey };
    const open = () => world().open({ endpoint: leaving.host, secrets: { credential: secretOf(keys) } });
    const revision = await synced(open());
    await leaving.stop();
    const repository = open();
    expect(await repository.holds(revision, signal)).toBe(true);
    expect(await repository.holds(`sha256:${"0a".repeat(32)}`, signal)).toBe(false);
    expect(await filesOf(await repository.tree(revision, signal))).toEqual({ a: "1" });
  });

  test("is fetched again when the disk lost or changed it", async () => {
    const { open, put } = world();
    await put("a", "1");
    await put("b", "2");
    const repository = open();
    const tree = await repository.tree(await synced(repository), signal);
    const [first = "", second = ""] = await storedContents();
    await writeFile(first, "changed");
    await rm(second);
    expect(await filesOf(tree)).toEqual({ a: "1", b: "2" });
  });
});

describe("a bucket is refused", () => {
  test("that has a key which is no path", async () => {
    const { open, put } = world();
    await put("a\\b.yaml", "x");
    const { code, message } = await refused(synced(open()));
    expect([code, message]).toEqual(["refused-content", expect.stringContaining("holds a backslash")]);
  });

  test("that holds too many, too large or altogether too much", async () => {
    const { open, put } = world();
    await put("a", "12345");
    await put("b", "12345");
    const message = async (limits: object) => (await refused(synced(open({ limits })))).message;
    expect(await message({ maxObjects: 1 })).toContain("more than 1 objects");
    expect(await message({ maxObjectBytes: 4 })).toContain('"a" is larger than');
    expect(await message({ maxTotalBytes: 9 })).toContain("together");
    expect(await message({ maxPages: 1, pageSize: 1 })).toContain("more than 1 pages");
  });
});

describe("failures", () => {
  test("wrong keys are told without a word of them", async () => {
    const { server, bucket, open } = world();
    const secrets = { credential: secretOf({ accesskey: server.accessKey, secretkey: "canary-secret" }) };
    const { failure, message } = await refused(synced(open({ secrets })));
    expect(failure).toBe("auth");
    expect(message).toContain(`Cannot list bucket "${bucket}" at ${server.host}: authentication failed`);
    expect(message).not.toContain("canary");
    expect(message).not.toContain(server.accessKey);
    const stranger = { credential: secretOf({ accesskey: "canary-id", secretkey: "canary-secret" }) };
    const other = await refused(synced(open({ secrets: stranger })));
    expect([other.failure, other.message.includes("canary")]).toEqual(["auth", false]);
  });

  test("nobody's request to a bucket that is not for everybody names the Secret that is missing", async () => {
    const { failure, message } = await refused(synced(world().open({ secrets: {} })));
    expect([failure, message]).toEqual(["auth", expect.stringContaining("no Secret with keys is named")]);
  });

  test("a bucket that does not exist", async () => {
    const { failure, message } = await refused(synced(world().open({ remote: { bucket: "absent" } })));
    expect([failure, message]).toEqual(["fetch", expect.stringContaining("the bucket does not exist")]);
  });

  test("a server that is away", async () => {
    const gone = await startS3Server();
    await gone.stop();
    const { code, message } = await refused(synced(world().open({ endpoint: gone.host })));
    expect(code).toBe("unreachable");
    expect(message).toContain(`at ${gone.host}: the server cannot be reached: it refuses connections`);
  });

  test("a server that speaks no TLS", async () => {
    const { code, message } = await refused(synced(world().open({ remote: { insecure: false } })));
    expect(code).toBe("unreachable");
    expect(message).toContain("`insecure: true`");
  });

  test("another region than the one that is named is found from the answer", async () => {
    const { open, put } = world();
    await put("a", "1");
    expect(await fetched(open({ remote: { region: "eu-west-3" } }))).toEqual({ a: "1" });
  });
});

test("a proxy from a Secret is gone through, and a Secret that is none is told of", async () => {
  const user = { username: "ada", password: "pr0xy" };
  const proxy = await startHttpProxy(user);
  try {
    const { server, open, put } = world();
    await put("a.yaml", "a: 1\n");
    const credential = secretOf({ accesskey: server.accessKey, secretkey: server.secretKey });
    const secrets = { credential, proxy: secretOf({ address: proxy.address, ...user }) };
    expect(await fetched(open({ secrets }))).toEqual({ "a.yaml": "a: 1\n" });
    expect(proxy.targets.length).toBeGreaterThan(0);
    expect(() => open({ secrets: { credential, proxy: secretOf({ password: "canary" }) } })).toThrow(
      "for a proxy: it has no key `address`",
    );
  } finally {
    await proxy.stop();
  }
});
