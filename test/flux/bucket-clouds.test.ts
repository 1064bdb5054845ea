import { createHash, generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { azureContainer, azureTag, gcsBucket, gcsTag } from "../support/cloud-storage.ts";
import { type Clouds, type CloudRequest, startClouds } from "../support/clouds.ts";
import { eventually } from "../support/eventually.ts";
import { startS3Server, type S3Server } from "../support/s3-server.ts";
import { conditionOf, configMap, type FluxStatus, type Space, useFluxWorld } from "./flux-world.ts";

const SOURCE = "source.toolkit.fluxcd.io/v1";
const world = useFluxWorld();
const objects = { gcp: new Map<string, string>(), azure: new Map<string, string>() };
let clouds: Clouds;
let server: S3Server;

beforeAll(async () => {
  server = await startS3Server();
  vi.stubEnv("AWS_ACCESS_KEY_ID", server.accessKey);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", server.secretKey);
  const answers = [tokens, gcsBucket("gcp-objects", objects.gcp), azureContainer("azure-blobs", objects.azure)];
  clouds = await startClouds((asked) => {
    for (const answer of answers) {
      const told = answer(asked);
      if (told !== null) return told;
    }
    return { status: 404, body: "nobody" };
  });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await clouds?.stop();
  await server?.stop();
});

/** What Google gives for a signed statement, and for the token of a service account. */
function tokens({ host }: CloudRequest) {
  const token = { access_token: "canary-of-google", token_type: "Bearer", expires_in: 3600 };
  if (host === "oauth2.googleapis.com") return { body: token };
  const issued_token_type = "urn:ietf:params:oauth:token-type:access_token";
  return host === "sts.googleapis.com"
    ? { body: { ...token, issued_token_type, access_token: "canary-of-account" } }
    : null;
}

async function secret(space: Space, name: string, stringData: object): Promise<void> {
  await world().apply({ apiVersion: "v1", kind: "Secret", metadata: { name, namespace: space.name }, stringData });
}

const bucketOf = (space: Space) => space.at(SOURCE, "Bucket", space.name);

/** A Bucket of the space's name behind the proxy of the clouds, and a Kustomization of its root. */
async function follow(space: Space, spec: object): Promise<void> {
  const { name } = space;
  await secret(space, "way", { address: clouds.proxy });
  await world().apply({
    apiVersion: SOURCE,
    kind: "Bucket",
    metadata: { name, namespace: name },
    spec: { bucketName: name, interval: "1s", ...spec },
  });
  await space.kustomization({ path: "./", sourceRef: { kind: "Bucket", name } });
}

async function applied(space: Space, revision: string): Promise<void> {
  let last: FluxStatus = {};
  const probe = async () => {
    last = await space.status();
    return last.lastAppliedRevision === revision && conditionOf(last, "Ready")?.status === "True";
  };
  await eventually(`${space.name} applies ${revision}`, probe).catch(async (error: unknown) => {
    const source = JSON.stringify(await space.status(bucketOf(space)));
    throw new Error(`${space.name} is not at ${revision}: ${JSON.stringify(last)} ${source}`, { cause: error });
  });
}

/** The revision as upstream computes it, of the tags of a cloud. */
function revisionOf(files: ReadonlyMap<string, string>, tagOf: (content: string) => string): string {
  const lines = [...files].map(([key, content]) => `${key} ${tagOf(content)}\n`).toSorted((a, b) => (a < b ? -1 : 1));
  return `sha256:${createHash("sha256").update(lines.join("")).digest("hex")}`;
}

const azureMark = (content: string) => Buffer.from(azureTag(content)).toString("hex");
const way = { proxySecretRef: { name: "way" } };

describe.concurrent("Bucket of a cloud", () => {
  test("Google's is followed with the key of an account, and then as a service account", async () => {
    const space = await world().space("gcp-objects");
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const private_key = privateKey.export({ type: "pkcs8", format: "pem" });
    const key = { type: "service_account", client_email: "reader@shop.iam.gserviceaccount.com", private_key };
    await secret(space, "keys", { serviceaccount: JSON.stringify(key) });
    objects.gcp.set("a.yaml", configMap("a", { value: "1" }));
    objects.gcp.set("b.yaml", configMap("b"));
    const spec = { provider: "gcp", endpoint: "storage.googleapis.com", ...way };
    await follow(space, { ...spec, secretRef: { name: "keys" } });
    await applied(space, revisionOf(objects.gcp, gcsTag));
    objects.gcp.set("a.yaml", configMap("a", { value: "2" }));
    objects.gcp.delete("b.yaml");
    await applied(space, revisionOf(objects.gcp, gcsTag));
    await space.holds("a", { value: "2" });
    await space.gone(space.configMap("b"));
    const source = await space.status(bucketOf(space));
    expect(source.artifact?.url).toBe("https://storage.googleapis.com/gcp-objects");
    const provider = "projects/7/locations/global/workloadIdentityPools/pool/providers/cluster";
    const annotations = { "gcp.auth.fluxcd.io/workload-identity-provider": provider };
    const metadata = { name: "reader", namespace: space.name, annotations };
    await world().apply({ apiVersion: "v1", kind: "ServiceAccount", metadata });
    await world().patch(bucketOf(space), { spec: { secretRef: null, serviceAccountName: "reader" } });
    const isAccount = ({ headers }: CloudRequest) => headers.authorization === "Bearer canary-of-account";
    await eventually("the bucket is asked as the account", () => clouds.requests.some(isAccount));
    const exchanged = clouds.requests.find(({ host }) => host === "sts.googleapis.com");
    expect(Object.fromEntries(new URLSearchParams(exchanged?.body))).toMatchObject({
      audience: `//iam.googleapis.com/${provider}`,
    });
    objects.gcp.set("a.yaml", configMap("a", { value: "3" }));
    await space.holds("a", { value: "3" });
    expect(JSON.stringify(await world().get(bucketOf(space)))).not.toContain("canary");
  });

  test("Azure's is followed with the key of its account", async () => {
    const space = await world().space("azure-blobs");
    const accountKey = Buffer.from("canary-of-azure").toString("base64");
    await secret(space, "keys", { accountKey });
    objects.azure.set("a.yaml", configMap("a", { value: "1" }));
    const endpoint = "https://shop.blob.core.windows.net";
    await follow(space, { provider: "azure", endpoint, secretRef: { name: "keys" }, ...way });
    await applied(space, revisionOf(objects.azure, azureMark));
    objects.azure.set("a.yaml", configMap("a", { value: "2" }));
    await applied(space, revisionOf(objects.azure, azureMark));
    await space.holds("a", { value: "2" });
    const source = await space.status(bucketOf(space));
    expect(source.artifact?.url).toBe("https://shop.blob.core.windows.net/azure-blobs");
    await secret(space, "others", { sasKey: "?sv=canary" });
    await world().patch(bucketOf(space), { spec: { secretRef: { name: "others" } } });
    const refused = await space.says("it needs `accountKey`", { ref: bucketOf(space) });
    expect(refused.reason).toBe("AuthenticationFailed");
    const text = JSON.stringify(await world().get(bucketOf(space)));
    for (const hidden of ["canary", accountKey]) expect(text).not.toContain(hidden);
  });

  test("Amazon's is followed with the keys of the controller's environment", async () => {
    const space = await world().space("aws-objects");
    await server.createBucket(space.name);
    const content = configMap("a", { value: "1" });
    await server.put(space.name, "a.yaml", content);
    await follow(space, { provider: "aws", endpoint: server.host, region: "us-east-1", insecure: true });
    const md5 = (text: string) => createHash("md5").update(text).digest("hex");
    await applied(space, revisionOf(new Map([["a.yaml", content]]), md5));
    await space.holds("a", { value: "1" });
  });
});
