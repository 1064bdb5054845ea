import type { OciLayer } from "#core/source/remote.ts";
import { OciError } from "./oci-error.ts";

/** Content that a manifest names. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  /** What its maker noted of it; absent: nothing. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** What a manifest is about; absent: it does not say so. */
  readonly artifactType?: string;
}

/** A manifest: layers and what its maker noted; or a list of manifests. */
export type Manifest =
  | {
      readonly kind: "image";
      readonly layers: readonly Descriptor[];
      readonly annotations: Readonly<Record<string, string>>;
    }
  | { readonly kind: "index"; readonly manifests: readonly (Descriptor & { readonly platform: string })[] };

/** The media types of everything that `parseManifest` reads, for an Accept header. */
export const manifestTypes = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
].join(", ");

const maxDescriptors = 1_000;
const defaultPlatform = "linux/amd64";

/** Reads a manifest. `name` is what messages call it. @throws OciError `refused-content` */
export function parseManifest(bytes: Buffer, name: string): Manifest {
  const value = parsed(bytes, name);
  const list = (items: unknown[]) => {
    if (items.length > maxDescriptors) throw unusable(name, `it names more than ${maxDescriptors} parts`);
    return items;
  };
  if (Array.isArray(value["manifests"])) {
    return { kind: "index", manifests: list(value["manifests"]).map((item) => indexedManifest(item, name)) };
  }
  if (value["schemaVersion"] !== 2 || !Array.isArray(value["layers"])) {
    throw unusable(name, "it is neither an image manifest nor an index");
  }
  const layers = list(value["layers"]).map((item) => descriptorOf(item, name));
  return { kind: "image", layers, annotations: textsOf(value["annotations"]) };
}

/** The manifest of an index that clients without a platform of their own take. @throws OciError `refused-content` */
export function defaultManifest(index: Extract<Manifest, { kind: "index" }>, name: string): Descriptor {
  const found = index.manifests.find(({ platform }) => platform === defaultPlatform);
  if (found !== undefined) return found;
  throw unusable(name, `it is an index without a manifest for ${defaultPlatform}`);
}

/** The layer that a source takes its files from. @throws OciError `refused-content` naming the types that there are */
export function selectedLayer(layers: readonly Descriptor[], { mediaType }: OciLayer, name: string): Descriptor {
  const found = mediaType === "" ? layers[0] : layers.find((layer) => layer.mediaType === mediaType);
  if (found !== undefined) return found;
  if (layers.length === 0) throw unusable(name, "it has no layers");
  const types = [...new Set(layers.map((layer) => JSON.stringify(layer.mediaType)))].slice(0, 5).join(", ");
  throw unusable(name, `no layer has the media type ${JSON.stringify(mediaType)}, they have ${types}`);
}

function parsed(bytes: Buffer, name: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    if (isRecord(value)) return value;
  } catch (cause) {
    throw unusable(name, "it is not JSON", cause);
  }
  throw unusable(name, "it is no JSON object");
}

function indexedManifest(item: unknown, name: string): Descriptor & { platform: string } {
  const platform = isRecord(item) ? item["platform"] : undefined;
  const { os, architecture } = isRecord(platform) ? platform : { os: "linux", architecture: "amd64" };
  return { ...descriptorOf(item, name), platform: `${String(os)}/${String(architecture)}` };
}

function descriptorOf(item: unknown, name: string): Descriptor {
  const { mediaType, digest, size, artifactType, annotations } = isRecord(item) ? item : {};
  if (typeof digest !== "string" || !/^sha256:[0-9a-f]{64}$/.test(digest)) {
    throw unusable(name, "a part has no sha256 digest");
  }
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) throw unusable(name, "a part has no size");
  return {
    mediaType: typeof mediaType === "string" ? mediaType : "",
    digest,
    size,
    ...(isRecord(annotations) && { annotations: textsOf(annotations) }),
    ...(typeof artifactType === "string" && { artifactType }),
  };
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, text]) => (typeof text === "string" ? [[key, text] as const] : [])),
  );
}

function unusable(name: string, why: string, cause?: unknown): OciError {
  return new OciError("refused-content", `Cannot use ${name}: ${why}`, { cause });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
