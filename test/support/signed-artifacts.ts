import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { OciRegistry } from "./oci-registry.ts";

/** A pair of keys as the usual tool makes them. */
export interface SigningKeys {
  readonly privateKey: KeyObject;
  /** In PEM form. */
  readonly publicKey: string;
}

/** An artifact in a registry. */
export interface ArtifactPlace {
  readonly registry: OciRegistry;
  readonly repository: string;
  readonly digest: string;
}

/** A signature of old: a text that names the artifact, with what its maker noted. */
export interface PayloadSignature {
  readonly payload: Uint8Array;
  readonly annotations: Readonly<Record<string, string>>;
}

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";
const payloadLayer = "application/vnd.dev.cosign.simplesigning.v1+json";

/** The artifact types that signatures have. */
export const signatureTypes = {
  bundle: "application/vnd.dev.sigstore.bundle.v0.3+json",
  notation: "application/vnd.cncf.notary.signature",
};

/** Keys on the curve that is usual for signatures. */
export function signingKeys(): SigningKeys {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { privateKey: pair.privateKey, publicKey: pair.publicKey.export({ type: "spki", format: "pem" }).toString() };
}

/** Signs a digest as versions 1 and 2 of the usual tool do. */
export function payloadSignature(digest: string, { privateKey }: SigningKeys): PayloadSignature {
  const image = { "docker-manifest-digest": digest };
  const critical = { identity: { "docker-reference": "" }, image, type: "cosign container image signature" };
  const payload = Buffer.from(JSON.stringify({ critical, optional: null }));
  const signature = sign("sha256", payload, privateKey).toString("base64");
  return { payload, annotations: { "dev.cosignproject.cosign/signature": signature } };
}

/** Signs a digest as version 3 of the usual tool does: a statement in an envelope in a bundle. */
export function bundleSignature(digest: string, { privateKey }: SigningKeys): Uint8Array {
  const statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "", digest: { sha256: digest.replace("sha256:", "") } }],
    predicateType: "https://sigstore.dev/cosign/sign/v1",
    predicate: {},
  };
  const payload = Buffer.from(JSON.stringify(statement));
  const payloadType = "application/vnd.in-toto+json";
  const head = `DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `;
  const sig = sign("sha256", Buffer.concat([Buffer.from(head), payload]), privateKey).toString("base64");
  const bundle = {
    mediaType: signatureTypes.bundle,
    verificationMaterial: { publicKey: { hint: "" }, tlogEntries: [] },
    dsseEnvelope: { payload: payload.toString("base64"), payloadType, signatures: [{ sig }] },
  };
  return Buffer.from(JSON.stringify(bundle));
}

/** Stores signatures of old where they are looked for: under a tag that the digest names. */
export async function pushPayloads(place: ArtifactPlace, signatures: readonly PayloadSignature[]): Promise<void> {
  const layers = signatures.map(({ payload, annotations }) => {
    return { mediaType: payloadLayer, content: payload, annotations };
  });
  await place.registry.push(place.repository, `${place.digest.replace(":", "-")}.sig`, { layers });
}

/** A list of manifests that refer to an artifact, as a registry that keeps such lists answers. */
export async function pushReferring(
  { registry, repository, digest }: ArtifactPlace,
  artifactType: string,
  contents: readonly { readonly mediaType: string; readonly content: Uint8Array }[],
): Promise<{ readonly mediaType: string; readonly body: unknown }> {
  const manifests = [];
  for (const [at, layer] of contents.entries()) {
    const tag = `${digest.slice("sha256:".length, 20)}-${at}-${artifactType.length}`;
    const referring = await registry.push(repository, tag, { layers: [layer] });
    // The size is of no matter to those who ask by digest.
    manifests.push({ mediaType: manifestType, digest: referring, size: 1, artifactType });
  }
  return { mediaType: indexType, body: { schemaVersion: 2, mediaType: indexType, manifests } };
}

/** The same for a registry that keeps no lists: under a tag that the digest names. */
export async function pushReferringTag(
  place: ArtifactPlace,
  artifactType: string,
  contents: readonly { readonly mediaType: string; readonly content: Uint8Array }[],
): Promise<void> {
  const list = await pushReferring(place, artifactType, contents);
  await place.registry.pushManifest(place.repository, place.digest.replace(":", "-"), list);
}
