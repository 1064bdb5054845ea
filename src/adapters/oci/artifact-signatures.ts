import type { ArtifactSignatures } from "#core/source/artifact-signatures.ts";
import { type Descriptor, parseManifest } from "./manifest.ts";
import { OciError } from "./oci-error.ts";
import type { RegistryClient } from "./registry-client.ts";

/** An artifact whose signatures are wanted. */
export interface SignedPlace {
  readonly client: RegistryClient;
  readonly digest: string;
  readonly provider: "cosign" | "notation";
}

const payloadType = "application/vnd.dev.cosign.simplesigning.v1+json";
const bundleType = /^application\/vnd\.dev\.sigstore\.bundle\b/;
const envelopeType = "application/vnd.cncf.notary.signature";
const maxSignatures = 32;
const maxBytes = 1 << 20;

/** Reads what a registry holds of an artifact's signatures; more than anybody needs are left out. @throws OciError */
export async function artifactSignatures(place: SignedPlace, signal: AbortSignal): Promise<ArtifactSignatures> {
  const { client, digest, provider } = place;
  const { mediaType, bytes } = await client.described(digest, signal);
  const about = { repository: client.name, digest, mediaType, size: bytes.length };
  const none = { bundles: [], payloads: [], envelopes: [] };
  const referring = await client.referrers(digest, signal);
  if (provider === "notation") {
    const manifests = referring.filter(({ artifactType }) => artifactType === envelopeType);
    return { ...about, ...none, envelopes: await signaturesIn(client, manifests, signal) };
  }
  const manifests = referring.filter(({ artifactType = "" }) => bundleType.test(artifactType));
  const bundles = (await signaturesIn(client, manifests, signal)).map(({ content }) => content);
  // Where there are bundles they alone count.
  if (bundles.length > 0) return { ...about, ...none, bundles };
  return { ...about, ...none, payloads: await payloadsOf(place, signal) };
}

/** The one layer of each manifest. */
async function signaturesIn(
  client: RegistryClient,
  manifests: readonly Descriptor[],
  signal: AbortSignal,
): Promise<ArtifactSignatures["envelopes"]> {
  const found = [];
  for (const { digest } of manifests.slice(0, maxSignatures)) {
    const [layer] = layersIn(await client.manifest(digest, signal), client.nameOf(digest));
    if (layer === undefined) continue;
    found.push({ mediaType: layer.mediaType, content: await client.content(layer, maxBytes, signal) });
  }
  return found;
}

/** The signatures of old, which are the layers of an artifact with a tag of its own. */
async function payloadsOf(
  { client, digest }: SignedPlace,
  signal: AbortSignal,
): Promise<ArtifactSignatures["payloads"]> {
  const tag = `${digest.replace(":", "-")}.sig`;
  const tagged = await client.tagged(tag, signal);
  if (tagged === null) return [];
  const layers = layersIn(tagged.bytes, client.nameOf(tag)).filter(({ mediaType }) => mediaType === payloadType);
  const found = [];
  for (const layer of layers.slice(0, maxSignatures)) {
    const payload = await client.content(layer, maxBytes, signal);
    found.push({ payload, annotations: layer.annotations ?? {} });
  }
  return found;
}

function layersIn(bytes: Buffer, name: string): readonly Descriptor[] {
  const manifest = parseManifest(bytes, name);
  if (manifest.kind === "image") return manifest.layers;
  throw new OciError("refused-content", `Cannot use ${name}: it is an index, not a signature`);
}
