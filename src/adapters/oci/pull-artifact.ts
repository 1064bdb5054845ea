import { createHash } from "node:crypto";
import { open, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { type OciLayer, copiedLayerName } from "#core/source/remote.ts";
import { ArchiveError } from "../archive/archive-error.ts";
import { unpackTarball } from "../archive/unpack-tarball.ts";
import type { PackIndex } from "../archive/pack-store.ts";
import { packName } from "../archive/pack-store.ts";
import { defaultManifest, parseManifest, selectedLayer } from "./manifest.ts";
import type { Descriptor, Manifest } from "./manifest.ts";
import { OciError } from "./oci-error.ts";
import type { OciLimits } from "./oci-limits.ts";
import type { PackedFile } from "../archive/pack-file.ts";
import { mismatch } from "./registry-client.ts";
import type { RegistryClient } from "./registry-client.ts";

/** What to pull and where from. */
export interface PullRequest {
  readonly client: RegistryClient;
  readonly digest: string;
  readonly layer: OciLayer;
  readonly limits: OciLimits;
  /** An empty folder for the files. */
  readonly folder: string;
}

/** Pulls an artifact by its digest, every part checked against the digest that names it. @throws OciError */
export async function pullArtifact(request: PullRequest, signal: AbortSignal): Promise<PackIndex> {
  const { client, digest, layer, limits, folder } = request;
  const name = client.nameOf(digest);
  const { layers, annotations } = await imageOf(client, digest, signal);
  const chosen = selectedLayer(layers, layer, name);
  if (chosen.size > limits.maxBlobBytes) throw tooLarge(name, limits.maxBlobBytes);
  const blob = join(folder, "blob");
  await client.blob(chosen, (body) => storeBlob(body, { blob, chosen, name: client.name }, signal), signal);
  if (layer.operation === "copy") return { files: await copied(blob, folder, chosen), annotations };
  try {
    return { files: await unpackTarball(blob, { folder, limits: limits.archive }, signal), annotations };
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    const code = error.code === "too-large" ? "too-large" : "refused-content";
    throw new OciError(code, `Cannot use ${name}: ${lowerFirst(error.message)}`, { cause: error });
  }
}

async function imageOf(
  client: RegistryClient,
  digest: string,
  signal: AbortSignal,
): Promise<Extract<Manifest, { kind: "image" }>> {
  const name = client.nameOf(digest);
  const manifest = parseManifest(await client.manifest(digest, signal), name);
  if (manifest.kind === "image") return manifest;
  const child = defaultManifest(manifest, name);
  const inner = parseManifest(await client.manifest(child.digest, signal), client.nameOf(child.digest));
  if (inner.kind === "image") return inner;
  throw new OciError("refused-content", `Cannot use ${name}: it is an index of indexes`);
}

async function storeBlob(
  body: Readable,
  to: { readonly blob: string; readonly chosen: Descriptor; readonly name: string },
  signal: AbortSignal,
): Promise<void> {
  const { blob, chosen, name } = to;
  const action = `read the layer ${chosen.digest} of ${name}`;
  const hash = createHash("sha256");
  let length = 0;
  await using file = await local(open(blob, "w", 0o600));
  for await (const chunk of body as AsyncIterable<Buffer>) {
    signal.throwIfAborted();
    length += chunk.length;
    if (length > chosen.size) {
      throw new OciError("digest-mismatch", `Cannot ${action}: it is longer than its manifest says`);
    }
    hash.update(chunk);
    await local(file.writeFile(chunk));
  }
  const digest = `sha256:${hash.digest("hex")}`;
  if (digest !== chosen.digest) throw mismatch(action, chosen.digest, digest);
}

async function copied(blob: string, folder: string, { digest, size }: Descriptor): Promise<Map<string, PackedFile>> {
  await rename(blob, join(folder, packName));
  const file = { digest: digest.replace(/^sha256:/, ""), size, executable: false, offset: 0 };
  return new Map([[copiedLayerName, file]]);
}

/** Keeps failures of the disk apart from those of the connection, which are tried again. */
async function local<T>(work: Promise<T>): Promise<T> {
  return await work.catch((cause: unknown) => {
    throw new OciError(
      "failed",
      `Cannot store the artifact: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
  });
}

function tooLarge(name: string, maxBytes: number): OciError {
  return new OciError("too-large", `Cannot use ${name}: its layer is larger than ${maxBytes / 2 ** 20} MiB`);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
