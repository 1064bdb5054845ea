import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { SignerIdentity } from "#core/source/source.ts";
import type { VerificationRequest } from "#engine/ports.ts";
import {
  type ArtifactPlace,
  bundleSignature,
  payloadSignature,
  pushPayloads,
  pushReferring,
  pushReferringTag,
  signatureTypes,
  signingKeys,
} from "#test/support/signed-artifacts.ts";
import type { HelperPool } from "../upstream/helper-pool.ts";
import { signedArtifact } from "../upstream/oci-bench.ts";
import type { SignedArtifact } from "../upstream/oci-bench.ts";
import { ociVerify } from "../upstream/oci-verify.ts";
import { fullPool } from "../upstream/sops-bench.ts";
import type { OciRepository } from "./oci-repository.ts";
import { secretOf, signal, synced, useOciWorld } from "./testing/oci-world.ts";

// Signing starts a Go program, which may have to be built.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 });

const world = useOciWorld();
const keys = signingKeys();
const stranger = signingKeys();
let pool: HelperPool;
let place: ArtifactPlace;
let repository: OciRepository;

beforeAll(() => {
  pool = fullPool();
});
afterAll(() => pool.close());
beforeEach(async () => {
  const { registry, name } = world();
  const digest = await registry.push(name, "latest", { files: { "a.yaml": "a" } });
  place = { registry, repository: name, digest };
  repository = world().open({ check: ociVerify(() => pool) });
  await synced(repository);
});

const bundle = (content: Uint8Array) => ({ mediaType: signatureTypes.bundle, content });
const cosignSecret = (pem = keys.publicKey) => secretOf({ "team.pub": pem, README: "not a key" });

interface Asked {
  readonly secret?: Resource;
  readonly provider?: "cosign" | "notation";
  readonly identities?: readonly SignerIdentity[];
  readonly trustedRoot?: Resource;
}

async function verify({ secret, provider = "cosign", identities = [], trustedRoot }: Asked) {
  const request: VerificationRequest = {
    commit: place.digest,
    refName: "latest",
    signed: { provider, identities },
    keys: secret ?? null,
    ...(trustedRoot && { trustedRoot }),
  };
  return await repository.verify(request, signal);
}

async function refusal(asked: Asked): Promise<string> {
  const error: unknown = await verify(asked).catch((reason: unknown) => reason);
  if (!(error instanceof SourceError)) throw new Error(`expected a refusal, got ${JSON.stringify(error)}`);
  expect(error.failure).toBe("unverified-artifact");
  return error.message.replace(`'127.0.0.1:${new URL(`http://${place.registry.host}`).port}`, "'host");
}

const noMatch = () => `no matching signatures were found for 'host/${place.repository}:latest': `;

describe("signatures of cosign by keys", () => {
  test("one under the tag of old counts, whoever else signed", async () => {
    const signatures = [payloadSignature(place.digest, stranger), payloadSignature(place.digest, keys)];
    await pushPayloads(place, signatures);
    expect(await verify({ secret: cosignSecret() })).toEqual([
      { what: "artifact", name: place.digest, key: "team.pub" },
    ]);
  });

  test("one in a bundle counts, listed by the registry or under the tag that stands for a list", async () => {
    const contents = [bundle(bundleSignature(place.digest, keys))];
    const list = await pushReferring(place, signatureTypes.bundle, contents);
    place.registry.behaviour.fault = ({ path }) =>
      path.includes("/referrers/") ? { status: 200, body: JSON.stringify(list.body) } : undefined;
    expect(await verify({ secret: cosignSecret() })).toHaveLength(1);
    delete place.registry.behaviour.fault;
    expect(await refusal({ secret: cosignSecret() })).toBe(`${noMatch()}it has no signature`);
    await pushReferringTag(place, signatureTypes.bundle, contents);
    expect(await verify({ secret: cosignSecret() })).toHaveLength(1);
  });

  test("a stranger's is none, in either form, and a bundle leaves those of old out of account", async () => {
    expect(await refusal({ secret: cosignSecret() })).toBe(`${noMatch()}it has no signature`);
    await pushPayloads(place, [payloadSignature(place.digest, stranger)]);
    expect(await refusal({ secret: cosignSecret() })).toContain("invalid signature when validating ASN.1");
    await pushPayloads(place, [payloadSignature(place.digest, keys)]);
    await pushReferringTag(place, signatureTypes.bundle, [bundle(bundleSignature(place.digest, stranger))]);
    expect(await refusal({ secret: cosignSecret() })).toContain("could not verify envelope");
  });

  test("one of another artifact is none, in either form", async () => {
    const other = `sha256:${"1".repeat(64)}`;
    await pushPayloads(place, [payloadSignature(other, keys)]);
    expect(await refusal({ secret: cosignSecret() })).toBe(`${noMatch()}its signature is one of another artifact`);
    await pushReferringTag(place, signatureTypes.bundle, [bundle(bundleSignature(other, keys))]);
    expect(await refusal({ secret: cosignSecret() })).toContain("does not match any digest in statement");
  });

  test("what is no signature and no key is named", async () => {
    await pushPayloads(place, [{ payload: Buffer.from("{}"), annotations: {} }]);
    expect(await refusal({ secret: cosignSecret() })).toContain(noMatch());
    expect(await refusal({ secret: cosignSecret("canary") })).toBe(
      `${noMatch()}the entry "team.pub" of the Secret is no public key in PEM form`,
    );
    expect(await refusal({ secret: secretOf({ "team.pem": keys.publicKey }) })).toContain("no entry that ends in .pub");
    await pushReferringTag(place, signatureTypes.bundle, [bundle(Buffer.from("[]"))]);
    expect(await refusal({ secret: cosignSecret() })).toContain("its bundle does not parse");
  });

  test("a registry that fails is no missing signature", async () => {
    await pushPayloads(place, [payloadSignature(place.digest, keys)]);
    place.registry.behaviour.fault = ({ path }) => (path.endsWith(".sig") ? { status: 403 } : undefined);
    await expect(verify({ secret: cosignSecret() })).rejects.toMatchObject({ failure: "auth" });
    place.registry.behaviour.fault = ({ path }) =>
      path.includes("/blobs/")
        ? { change: (body) => Buffer.from(body.toString().replace("cosign", "cosine")) }
        : undefined;
    await expect(verify({ secret: cosignSecret() })).rejects.toMatchObject({ code: "digest-mismatch" });
  });
});

describe("signatures by the libraries", () => {
  let signed: SignedArtifact;
  const ada = { issuer: "^https://issuer\\.test$", subject: "@example\\.org$" };
  const base64 = (text: string) => Buffer.from(text, "base64");
  const rootSecret = (root: object) => secretOf({ "trusted_root.json": JSON.stringify(root) });

  beforeEach(async () => {
    const { mediaType, size } = await place.registry.describe(place.repository, place.digest);
    const who = { subject: "ada@example.org", issuer: "https://issuer.test" };
    signed = await signedArtifact({ digest: place.digest, mediaType, size, ...who });
  });

  test("one without a key counts by its identity, in either form", async () => {
    const trustedRoot = rootSecret(signed.trustedRoot);
    const asked = { identities: [{ issuer: "^no$", subject: "no" }, ada], trustedRoot };
    await pushPayloads(place, [{ payload: base64(signed.payload), annotations: signed.annotations }]);
    expect(await verify(asked)).toHaveLength(1);
    await pushReferringTag(place, signatureTypes.bundle, [bundle(Buffer.from(JSON.stringify(signed.bundle)))]);
    expect(await verify(asked)).toHaveLength(1);

    const others = [{ issuer: ada.issuer, subject: "^eve@" }];
    expect(await refusal({ identities: others, trustedRoot })).toContain("expected SAN value to match regex");
    const untrusted = { identities: [ada], trustedRoot: rootSecret(signed.stranger) };
    expect(await refusal(untrusted)).toContain("not enough verified log entries");
    expect(await refusal({ identities: [], trustedRoot })).toContain("nobody is named who may have signed");
    expect(await refusal({ identities: [ada], trustedRoot: secretOf({ a: "b" }) })).toBe(
      "'trusted_root.json' not found in secret 'apps/key'",
    );
  });

  const notationSecret = (certificate: string, level = "strict", changes: object = {}) => {
    const statement = {
      name: "all",
      registryScopes: ["*"],
      signatureVerification: { level, ...changes },
      trustStores: ["ca:team"],
      trustedIdentities: ["*"],
    };
    const policy = JSON.stringify({ version: "1.0", trustPolicies: [statement] });
    return secretOf({ "trustpolicy.json": policy, "team.crt": certificate });
  };

  const envelope = (content: string, mediaType = "application/jose+json") => {
    return { mediaType, content: base64(content) };
  };

  test("one of notation counts by the trust policy, in either form", async () => {
    const secret = notationSecret(signed.certificate);
    for (const content of [envelope(signed.jws), envelope(signed.cose, "application/cose")]) {
      await pushReferringTag(place, signatureTypes.notation, [content]);
      expect(await verify({ provider: "notation", secret })).toMatchObject([{ key: expect.stringContaining("CN=") }]);
    }
    const foreign = notationSecret(signed.revocableCertificate);
    expect(await refusal({ provider: "notation", secret: foreign })).toContain(
      "does not contain any trusted certificate",
    );
    const audit = notationSecret(signed.revocableCertificate, "audit");
    expect(await verify({ provider: "notation", secret: audit })).toEqual([]);
    const skip = notationSecret(signed.certificate, "skip");
    expect(await verify({ provider: "notation", secret: skip })).toEqual([]);
  });

  test("one of notation that could have been revoked counts only where the policy leaves that out", async () => {
    const certificate = signed.revocableCertificate;
    await pushReferringTag(place, signatureTypes.notation, [envelope(signed.revocable)]);
    expect(await refusal({ provider: "notation", secret: notationSecret(certificate) })).toContain(
      "revocation status is unknown",
    );
    const lenient = notationSecret(certificate, "strict", { override: { revocation: "skip" } });
    expect(await verify({ provider: "notation", secret: lenient })).toHaveLength(1);
  });

  test("one of notation that is missing, and what the Secret lacks, is named", async () => {
    const provider = "notation" as const;
    const secret = notationSecret(signed.certificate);
    expect(await refusal({ provider, secret })).toContain("no signature is associated with");
    const { data } = secret as { data?: Record<string, string> };
    const without = (key: string) => {
      return { ...secret, data: Object.fromEntries(Object.entries(data ?? {}).filter(([name]) => name !== key)) };
    };
    expect(await refusal({ provider, secret: without("trustpolicy.json") })).toContain("'trustpolicy.json' not found");
    expect(await refusal({ provider, secret: without("team.crt") })).toContain("no certificates found in the Secret");
    await pushReferringTag(place, signatureTypes.notation, [envelope(btoa("canary"))]);
    expect(await refusal({ provider, secret })).not.toContain("canary");
  });
});

describe("a registry that is away", () => {
  beforeEach(async () => {
    await pushPayloads(place, [payloadSignature(place.digest, keys)]);
  });

  const restarted = () => (repository = world().open({ check: ociVerify(() => pool) }));

  test("is not needed for what held before, also after a restart", async () => {
    await verify({ secret: cosignSecret() });
    restarted();
    place.registry.behaviour.fault = () => ({ status: 404 });
    await expect(verify({ secret: cosignSecret() })).rejects.toMatchObject({ code: "not-found" });
    place.registry.behaviour.fault = () => ({ drop: true });
    expect(await verify({ secret: cosignSecret() })).toHaveLength(1);
    expect(await refusal({ secret: cosignSecret(stranger.publicKey) })).toContain(noMatch());
  });

  test("leaves what was never verified unverified", async () => {
    expect(await refusal({ secret: cosignSecret(stranger.publicKey) })).toContain(noMatch());
    restarted();
    place.registry.behaviour.fault = () => ({ drop: true });
    await expect(verify({ secret: cosignSecret() })).rejects.toMatchObject({ failure: "fetch" });
  });
});
