import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { signedArtifact } from "#adapters/upstream/oci-bench.ts";
import { type OciRegistry, startOciRegistry } from "../support/oci-registry.ts";
import {
  payloadSignature,
  pushPayloads,
  pushReferringTag,
  signatureTypes,
  type SigningKeys,
  signingKeys,
} from "../support/signed-artifacts.ts";
import { conditionOf, configMap, type FluxStatus, type Space, useFluxWorld } from "./flux-world.ts";

const SOURCE = "source.toolkit.fluxcd.io/v1";
const world = useFluxWorld();
let registry: OciRegistry;

beforeAll(async () => {
  registry = await startOciRegistry({ basic: { username: "ada", password: "canary-of-the-registry" } });
});
afterAll(() => registry?.stop());

const refOf = (space: Space) => space.at(SOURCE, "OCIRepository", space.name);

/** An OCIRepository that follows the artifact of the space's name, and a Kustomization of its root. */
async function follow(space: Space, spec: object = {}): Promise<void> {
  const { name } = space;
  await world().apply({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "login", namespace: name },
    stringData: { username: "ada", password: "canary-of-the-registry" },
  });
  await world().apply({
    apiVersion: SOURCE,
    kind: "OCIRepository",
    metadata: { name, namespace: name },
    spec: { url: registry.url(name), interval: "1s", insecure: true, secretRef: { name: "login" }, ...spec },
  });
  await space.kustomization({ path: "./", sourceRef: { kind: "OCIRepository", name } });
}

function push(space: Space, tag: string, value: string): Promise<string> {
  return registry.push(space.name, tag, { files: { "a.yaml": configMap("a", { value }) } });
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

describe.concurrent("OCIRepository", () => {
  test("what its maker noted with an artifact is told, and what it was made from by those that apply it", async () => {
    const space = await world().space("noted");
    const origin = "main@sha1:0123456789012345678901234567890123456789";
    const noted = {
      "org.opencontainers.image.revision": origin,
      "org.opencontainers.image.source": "https://git.example/a",
    };
    const digest = await registry.push("noted", "1", { files: { "a.yaml": configMap("a") }, annotations: noted });
    await follow(space, { ref: { tag: "1" } });
    await applied(space, `1@${digest}`);
    const source = await world().get(refOf(space));
    expect(source?.["status"]).toMatchObject({ artifact: { metadata: noted } });
    expect(await space.status()).toMatchObject({ lastAppliedOriginRevision: origin });
  });

  test("a tag is followed, and its digest is the revision", async () => {
    const space = await world().space("oci-tag");
    const first = await push(space, "latest", "1");
    await follow(space);
    await applied(space, `latest@${first}`);
    await space.holds("a", { value: "1" });
    const source = await space.status(refOf(space));
    expect(source.artifact).toMatchObject({ revision: `latest@${first}`, digest: first });
    expect(conditionOf(source, "Ready")?.message).toBe(`stored artifact for digest 'latest@${first}'`);
    const second = await push(space, "latest", "2");
    await applied(space, `latest@${second}`);
    await space.holds("a", { value: "2" });
  });

  test("the newest version in a range is used, and a digest is never left", async () => {
    const space = await world().space("oci-range");
    const first = await push(space, "1.0.0", "1.0.0");
    await push(space, "2.0.0", "2.0.0");
    await follow(space, { ref: { semver: "1.x" } });
    await applied(space, `1.0.0@${first}`);
    const second = await push(space, "1.1.0", "1.1.0");
    await applied(space, `1.1.0@${second}`);
    await world().patch(refOf(space), { spec: { ref: { semver: null, digest: first } } });
    await applied(space, first);
    await space.holds("a", { value: "1.0.0" });
  });

  test("only an artifact that a trusted key signed is used, and the last one stays", async () => {
    const space = await world().space("oci-signed");
    const [keys, stranger] = [signingKeys(), signingKeys()];
    const sign = async (digest: string, by: SigningKeys) => {
      const place = { registry, repository: space.name, digest };
      await pushPayloads(place, [payloadSignature(digest, by)]);
    };
    const verify = { provider: "cosign", secretRef: { name: "keys" } };
    const first = await push(space, "latest", "1");
    await sign(first, keys);
    await follow(space, { verify });
    const missing = await space.says("Secret oci-signed/keys does not exist", { ref: refOf(space) });
    expect(missing).toMatchObject({ status: "False", reason: "VerificationError" });
    await world().apply({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "keys", namespace: space.name },
      stringData: { "team.pub": keys.publicKey },
    });
    await applied(space, `latest@${first}`);
    expect(conditionOf(await space.status(refOf(space)), "SourceVerified")).toMatchObject({
      status: "True",
      reason: "Succeeded",
      message: `verified signature of revision latest@${first}`,
    });

    const second = await push(space, "latest", "2");
    await sign(second, stranger);
    const words = `failed to verify the signature using provider 'cosign': no matching signatures were found for`;
    const refused = await space.says(words, { ref: refOf(space), type: "SourceVerified" });
    expect(refused).toMatchObject({ status: "False", reason: "VerificationError" });
    const told = await space.status(refOf(space));
    expect(conditionOf(told, "Ready")).toMatchObject({ status: "False", reason: "VerificationError" });
    expect(told.artifact?.revision).toBe(`latest@${first}`);
    await world().patch(space.configMap("a"), { data: { value: "by hand" } });
    await space.holds("a", { value: "1" });
    await sign(second, keys);
    await applied(space, `latest@${second}`);
    await space.holds("a", { value: "2" });
  });

  test("signatures of notation count by the trust policy", async () => {
    const space = await world().space("oci-notation");
    const digest = await push(space, "latest", "1");
    await follow(space, { verify: { provider: "notation", secretRef: { name: "policy" } } });
    const place = { registry, repository: space.name, digest };
    const { mediaType, size } = await registry.describe(space.name, digest);
    const who = { subject: "ada@example.org", issuer: "https://issuer.test" };
    const signed = await signedArtifact({ digest, mediaType, size, ...who });
    const statement = {
      name: "all",
      registryScopes: ["*"],
      signatureVerification: { level: "strict" },
      trustStores: ["ca:team"],
      trustedIdentities: ["*"],
    };
    const policy = JSON.stringify({ version: "1.0", trustPolicies: [statement] });
    await world().apply({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "policy", namespace: space.name },
      stringData: { "trustpolicy.json": policy, "team.crt": signed.certificate },
    });
    const refused = await space.says("no signature is associated with", { ref: refOf(space), type: "SourceVerified" });
    expect(refused).toMatchObject({ status: "False", reason: "VerificationError" });
    const content = Buffer.from(signed.jws, "base64");
    await pushReferringTag(place, signatureTypes.notation, [{ mediaType: "application/jose+json", content }]);
    await applied(space, `latest@${digest}`);
  });

  test("a verification that cannot be done offline is refused by name, with the way out", async () => {
    const space = await world().space("oci-keyless");
    await push(space, "latest", "1");
    const matchOIDCIdentity = [{ issuer: "^https://issuer.test$", subject: "^ada@" }];
    await follow(space, { verify: { provider: "cosign", matchOIDCIdentity } });
    const stalled = await space.says("spec.verify.trustedRootSecretRef", { ref: refOf(space), type: "Stalled" });
    expect(stalled).toMatchObject({ status: "True", reason: "InvalidSpec" });
  });

  test("what cannot be pulled is told by name, and the last good artifact stays and is healed", async () => {
    const space = await world().space("oci-missing");
    const digest = await push(space, "v1", "1");
    await follow(space, { ref: { tag: "v1" } });
    await applied(space, `v1@${digest}`);
    await world().patch(refOf(space), { spec: { ref: { tag: "v2" } } });
    const missing = await space.says("v2", { ref: refOf(space) });
    expect(missing).toMatchObject({ status: "False", reason: "OCIArtifactPullFailed" });
    await world().patch(space.configMap("a"), { data: { value: "by hand" } });
    await space.holds("a", { value: "1" });
  });

  test("wrong credentials are told without a word of them", async () => {
    const space = await world().space("oci-login");
    await push(space, "latest", "1");
    await world().apply({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "wrong", namespace: space.name },
      stringData: { username: "ada", password: "canary-wrong" },
    });
    await follow(space, { secretRef: { name: "wrong" } });
    const refused = await space.says("", { ref: refOf(space), type: "FetchFailed" });
    expect(refused.reason).toBe("AuthenticationFailed");
    expect(JSON.stringify(await world().get(refOf(space)))).not.toContain("canary");
    await world().patch(refOf(space), { spec: { secretRef: { name: "login" } } });
    await eventually("it is pulled", async () => (await space.status(refOf(space))).artifact !== undefined);
  });
});
