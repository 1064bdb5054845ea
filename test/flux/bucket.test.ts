import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startS3Server, type S3Server } from "../support/s3-server.ts";
import { conditionOf, configMap, type FluxStatus, type Space, useFluxWorld } from "./flux-world.ts";

const SOURCE = "source.toolkit.fluxcd.io/v1";
const world = useFluxWorld();
let server: S3Server;

beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server?.stop());

const refOf = (space: Space) => space.at(SOURCE, "Bucket", space.name);

/** A Secret with keys of the server. */
async function keys(space: Space, name: string, key: { accesskey: string; secretkey: string }): Promise<void> {
  const metadata = { name, namespace: space.name };
  await world().apply({ apiVersion: "v1", kind: "Secret", metadata, stringData: key });
}

/** A Bucket of the space's name, and a Kustomization of its root. */
async function follow(space: Space, options: { spec?: object; at?: S3Server; path?: string } = {}): Promise<void> {
  const { spec = {}, at = server, path = "./" } = options;
  const { name } = space;
  await keys(space, "keys", { accesskey: at.accessKey, secretkey: at.secretKey });
  const endpoint = { endpoint: at.host, insecure: true, bucketName: name };
  await world().apply({
    apiVersion: SOURCE,
    kind: "Bucket",
    metadata: { name, namespace: name },
    spec: { ...endpoint, interval: "1s", secretRef: { name: "keys" }, ...spec },
  });
  await space.kustomization({ path, sourceRef: { kind: "Bucket", name } });
}

/** The revision as upstream computes it. */
function revisionOf(files: Readonly<Record<string, string>>): string {
  const keysOf = Object.keys(files).sort();
  const lines = keysOf.map((key) => `${key} ${createHash("md5").update(files[key]!).digest("hex")}\n`);
  return `sha256:${createHash("sha256").update(lines.join("")).digest("hex")}`;
}

async function applied(space: Space, revision: string): Promise<void> {
  let last: FluxStatus = {};
  const probe = async () => {
    last = await space.status();
    return last.lastAppliedRevision === revision && conditionOf(last, "Ready")?.status === "True";
  };
  await eventually(`${space.name} applies ${revision}`, probe).catch((error: unknown) => {
    throw new Error(`${space.name} is not at ${revision}: ${JSON.stringify(last)}`, { cause: error });
  });
}

describe.concurrent("Bucket", () => {
  test("its objects are followed: a change is applied, and what is removed is pruned", async () => {
    const space = await world().space("bucket-changes");
    await server.createBucket(space.name);
    const [a, b] = [configMap("a", { value: "1" }), configMap("b")];
    await server.put(space.name, "a.yaml", a);
    await server.put(space.name, "b.yaml", b);
    await follow(space);
    const first = revisionOf({ "a.yaml": a, "b.yaml": b });
    await applied(space, first);
    await space.holds("a", { value: "1" });
    const source = await space.status(refOf(space));
    expect(source.artifact).toMatchObject({
      revision: first,
      digest: first,
      url: `http://${server.host}/${space.name}`,
    });
    expect(conditionOf(source, "Ready")).toMatchObject({
      reason: "Succeeded",
      message: `stored artifact: revision '${first}'`,
    });
    const changed = configMap("a", { value: "2" });
    await server.put(space.name, "a.yaml", changed);
    await server.remove(space.name, "b.yaml");
    await applied(space, revisionOf({ "a.yaml": changed }));
    await space.holds("a", { value: "2" });
    await space.gone(space.configMap("b"));
  });

  test("only what the prefix names and no rule hides is read", async () => {
    const space = await world().space("bucket-prefix");
    await server.createBucket(space.name);
    const a = configMap("a");
    await server.put(space.name, "app/a.yaml", a);
    await server.put(space.name, "app/broken.yaml", "{");
    await server.put(space.name, "other/b.yaml", configMap("b"));
    await follow(space, { spec: { prefix: "app/", ignore: "broken.yaml" }, path: "./app" });
    await applied(space, revisionOf({ "app/a.yaml": a }));
    expect(await world().get(space.configMap("b"))).toBeNull();
  });

  test("while the server is away, the last good content stays and is healed", async () => {
    const space = await world().space("bucket-away");
    const leaving = await startS3Server();
    await leaving.createBucket(space.name);
    const a = configMap("a", { value: "1" });
    await leaving.put(space.name, "a.yaml", a);
    await follow(space, { at: leaving });
    await applied(space, revisionOf({ "a.yaml": a }));
    await leaving.stop();
    const away = await space.says("cannot be reached", { ref: refOf(space) });
    expect(away).toMatchObject({ status: "False", reason: "BucketOperationFailed" });
    expect(away.message).toContain(`bucket "${space.name}" at ${leaving.host}`);
    await world().patch(space.configMap("a"), { data: { value: "by hand" } });
    await space.holds("a", { value: "1" });
  });

  test("a bucket that is not there, and wrong keys, are told without a word of the keys", async () => {
    const space = await world().space("bucket-refused");
    await follow(space);
    const missing = await space.says("the bucket does not exist", { ref: refOf(space) });
    expect(missing.reason).toBe("BucketOperationFailed");
    await server.createBucket(space.name);
    const a = configMap("a");
    await server.put(space.name, "a.yaml", a);
    await applied(space, revisionOf({ "a.yaml": a }));
    await keys(space, "wrong", { accesskey: server.accessKey, secretkey: "canary-of-the-bucket" });
    await world().patch(refOf(space), { spec: { secretRef: { name: "wrong" } } });
    const refused = await space.says("authentication failed", { ref: refOf(space) });
    expect(refused.reason).toBe("AuthenticationFailed");
    const text = JSON.stringify(await world().get(refOf(space)));
    for (const secret of ["canary", server.accessKey]) expect(text).not.toContain(secret);
  });

  test("fields that cannot be together are refused by name", async () => {
    const space = await world().space("bucket-fields");
    await follow(space, { spec: { sts: { provider: "aws", endpoint: "https://sts.amazonaws.com" } } });
    const refused = await space.says("spec.sts.provider: 'ldap' is the only supported STS provider", {
      ref: refOf(space),
    });
    expect(refused).toMatchObject({ status: "False", reason: "InvalidSpec" });
  });
});
