import { createHash } from "node:crypto";
import type { FileTree } from "#core/source/file-tree.ts";
import { HttpWire } from "../http/http-wire.ts";
import { readBounded } from "../http/read-bounded.ts";
import type { WireAnswer } from "../http/http-wire.ts";
import type { RegistryCredential } from "./docker-config.ts";
import { type OciAddress, parseOciAddress } from "./oci-address.ts";
import { OciError } from "./oci-error.ts";
import { artifactTarball } from "./push-artifact-tarball.ts";
import { RegistryConnection } from "./registry-connection.ts";
import { RegistryLogin } from "./registry-login.ts";

/** What to push, where to, and as whom. */
export interface PushRequest {
  /** `oci://host[:port]/repository` */
  readonly url: string;
  readonly tag: string;
  readonly tree: FileTree;
  /** Of the manifest: where the files come from, when it was made. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly credential: (address: OciAddress) => RegistryCredential;
  /** Whether plain http will do. */
  readonly insecure: boolean;
}

/** An artifact as the registry has it now. */
export interface PushedArtifact {
  readonly digest: string;
  readonly files: number;
  /** Links, which an artifact does not hold. */
  readonly left: readonly string[];
}

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const configType = "application/vnd.cncf.flux.config.v1+json";
const contentType = "application/vnd.cncf.flux.content.v1.tar+gzip";
const maxAnswerBytes = 64 << 10;

/** Pushes the files of a tree as one layer, in the form that every reader of such artifacts knows. @throws OciError */
export async function pushArtifact(request: PushRequest, signal: AbortSignal): Promise<PushedArtifact> {
  const { url, tag, tree, annotations, insecure } = request;
  if (!/^\w[\w.-]{0,127}$/.test(tag)) throw new OciError("invalid-ref", `Cannot push to ${url}: "${tag}" is no tag`);
  const address = parseOciAddress(url);
  const { bytes, contentDigest, files, left } = await artifactTarball(tree, signal);
  if (files === 0) throw new OciError("refused-content", "Cannot push the artifact: there are no files");
  const wire = new HttpWire({}, (message) => new OciError("redirect", message));
  try {
    const pusher = new Pusher(address, connectionOf({ wire, address, request, insecure }));
    const layer = await pusher.blob(contentType, bytes, signal);
    const rootfs = { type: "layers", diff_ids: [contentDigest] };
    const image = { architecture: "", os: "", config: {}, rootfs };
    const config = await pusher.blob(configType, Buffer.from(JSON.stringify(image)), signal);
    const manifest = { schemaVersion: 2, mediaType: manifestType, config, layers: [layer], annotations };
    return { digest: await pusher.manifest(tag, Buffer.from(JSON.stringify(manifest)), signal), files, left };
  } finally {
    await wire.close();
  }
}

function connectionOf(parts: {
  wire: HttpWire;
  address: OciAddress;
  request: PushRequest;
  insecure: boolean;
}): RegistryConnection {
  const { wire, address, request, insecure } = parts;
  const { registry, host, repository } = address;
  const credential = request.credential(address);
  const hint = credential.kind === "none" ? `no credentials for ${registry} are given` : "";
  const scope = { registry, repository, credential: async () => credential, hint, actions: "pull,push" } as const;
  const login = new RegistryLogin(wire, scope, () => performance.now());
  return new RegistryConnection({ wire, login, host, insecure, hint, random: Math.random });
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Writes to one repository. */
class Pusher {
  readonly #address: OciAddress;
  readonly #connection: RegistryConnection;

  constructor(address: OciAddress, connection: RegistryConnection) {
    this.#address = address;
    this.#connection = connection;
  }

  /** Stores content, unless the repository has it. */
  async blob(mediaType: string, bytes: Buffer, signal: AbortSignal): Promise<Descriptor> {
    const digest = digestOf(bytes);
    const described = { mediaType, digest, size: bytes.length };
    if (await this.#has(digest, signal)) return described;
    const action = `push ${digest} to ${this.#name}`;
    const place = await this.#connection.ask(
      { action, method: "POST", path: this.#path("blobs/uploads/") },
      async (answer) => {
        await drained(answer, signal);
        return this.#placeIn(action, answer.headers["location"]);
      },
      signal,
    );
    const path = `${place}${place.includes("?") ? "&" : "?"}digest=${encodeURIComponent(digest)}`;
    const content = { type: "application/octet-stream", bytes };
    await this.#connection.ask({ action, method: "PUT", path, content }, (answer) => drained(answer, signal), signal);
    return described;
  }

  /** Puts a tag on a manifest and returns its digest. */
  async manifest(tag: string, bytes: Buffer, signal: AbortSignal): Promise<string> {
    const call = {
      action: `push ${this.#name}:${tag}`,
      method: "PUT",
      path: this.#path(`manifests/${tag}`),
      content: { type: manifestType, bytes },
    } as const;
    await this.#connection.ask(call, (answer) => drained(answer, signal), signal);
    return digestOf(bytes);
  }

  async #has(digest: string, signal: AbortSignal): Promise<boolean> {
    const call = { action: `look up ${digest} in ${this.#name}`, method: "HEAD" } as const;
    try {
      const path = this.#path(`blobs/${digest}`);
      await this.#connection.ask({ ...call, path }, (answer) => drained(answer, signal), signal);
      return true;
    } catch (error) {
      if (error instanceof OciError && error.code === "not-found") return false;
      throw error;
    }
  }

  /** Where an upload goes on; elsewhere it would take the credential along. */
  #placeIn(action: string, location: string | string[] | undefined): string {
    const own = `https://${this.#address.host}`;
    const text = typeof location === "string" ? location : "";
    const place = text !== "" && URL.canParse(text, own) ? new URL(text, own) : undefined;
    if (place?.host === new URL(`${place?.protocol}//${this.#address.host}`).host) return place.pathname + place.search;
    throw new OciError("redirect", `Cannot ${action}: the registry sends the upload to another host`);
  }

  get #name(): string {
    return `${this.#address.registry}/${this.#address.repository}`;
  }

  #path(rest: string): string {
    return `/v2/${this.#address.repository}/${rest}`;
  }
}

async function drained(answer: WireAnswer, signal: AbortSignal): Promise<void> {
  await readBounded(answer.body, maxAnswerBytes, signal);
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
