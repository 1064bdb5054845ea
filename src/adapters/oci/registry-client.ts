import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import type { OciAddress } from "./oci-address.ts";
import { OciError } from "./oci-error.ts";
import { manifestTypes, parseManifest } from "./manifest.ts";
import type { Descriptor } from "./manifest.ts";
import { boundedBody } from "./bounded-body.ts";
import type { RegistryConnection } from "./registry-connection.ts";
import type { WireAnswer } from "../http/http-wire.ts";

const maxManifestBytes = 4 << 20;
const maxTagListBytes = 4 << 20;
const maxTagPages = 200;
const maxTags = 100_000;
const tagsPerPage = 1_000;

/** Reads one repository of a registry. Every call throws OciError. */
export class RegistryClient {
  readonly #address: OciAddress;
  readonly #connection: RegistryConnection;

  constructor(address: OciAddress, connection: RegistryConnection) {
    this.#address = address;
    this.#connection = connection;
  }

  /** What messages call a manifest: registry, repository and reference. */
  nameOf(reference: string): string {
    return `${this.name}${reference.startsWith("sha256:") ? "@" : ":"}${reference}`;
  }

  /** What messages call the repository. */
  get name(): string {
    return `${this.#address.registry}/${this.#address.repository}`;
  }

  /** The digest that a tag stands for now. */
  async digestOf(tag: string, signal: AbortSignal): Promise<string> {
    const action = `look up ${this.nameOf(tag)}`;
    const path = this.#path(`manifests/${tag}`);
    const digest = await this.#connection.ask(
      { action, method: "HEAD", path, accept: manifestTypes },
      async ({ body, headers }) => {
        await boundedBody(body, { maxBytes: 0, action }, signal);
        return digestIn(headers);
      },
      signal,
    );
    // Some registries name no digest unless they send the manifest.
    return digest ?? (await this.#get(action, path, signal)).digest;
  }

  /** The bytes of the manifest with this digest. */
  async manifest(digest: string, signal: AbortSignal): Promise<Buffer> {
    const action = `read the manifest ${this.nameOf(digest)}`;
    const answer = await this.#get(action, this.#path(`manifests/${digest}`), signal);
    if (answer.digest === digest) return answer.bytes;
    throw mismatch(action, digest, answer.digest);
  }

  /** The bytes of the manifest with this digest, and what the registry calls it. */
  async described(
    digest: string,
    signal: AbortSignal,
  ): Promise<{ readonly mediaType: string; readonly bytes: Buffer }> {
    const action = `read the manifest ${this.nameOf(digest)}`;
    const answer = await this.#get(action, this.#path(`manifests/${digest}`), signal);
    if (answer.digest !== digest) throw mismatch(action, digest, answer.digest);
    return answer;
  }

  /** The manifests that are about the one with this digest; of registries that keep no list, those under its tag. */
  async referrers(digest: string, signal: AbortSignal): Promise<readonly Descriptor[]> {
    const action = `list what refers to ${this.nameOf(digest)}`;
    try {
      const { bytes } = await this.#get(action, this.#path(`referrers/${digest}`), signal);
      return referring(bytes, action);
    } catch (error) {
      if (!isAbsence(error)) throw error;
    }
    const tagged = await this.tagged(digest.replace(":", "-"), signal);
    return tagged === null ? [] : referring(tagged.bytes, action);
  }

  /** The manifest under a tag; null when there is no such tag. */
  async tagged(tag: string, signal: AbortSignal): Promise<{ readonly digest: string; readonly bytes: Buffer } | null> {
    try {
      return await this.#get(`read ${this.nameOf(tag)}`, this.#path(`manifests/${tag}`), signal);
    } catch (error) {
      if (isAbsence(error)) return null;
      throw error;
    }
  }

  /** The content of a blob, whole. @throws OciError also when it is larger than allowed or not what its digest says */
  async content(blob: Descriptor, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
    const action = `read ${blob.digest} of ${this.name}`;
    const take = (body: Readable) => boundedBody(body, { maxBytes, action }, signal);
    const bytes = await this.blob(blob, take, signal);
    const digest = digestOf(bytes);
    if (digest === blob.digest) return bytes;
    throw mismatch(action, blob.digest, digest);
  }

  /** Every tag, in the order in which the registry lists them. */
  async tags(signal: AbortSignal): Promise<readonly string[]> {
    const action = `list the tags of ${this.name}`;
    const tags: string[] = [];
    let path: string | undefined = this.#path(`tags/list?n=${tagsPerPage}`);
    for (let page = 0; path !== undefined; page++) {
      if (page >= maxTagPages || tags.length > maxTags) {
        throw new OciError("too-large", `Cannot ${action}: there are more than ${tags.length}`);
      }
      const listed: { tags: readonly string[]; next: string | undefined } = await this.#connection.ask(
        { action, method: "GET", path },
        async (answer) => {
          const body = await boundedBody(answer.body, { maxBytes: maxTagListBytes, action }, signal);
          return { tags: tagsIn(body, action), next: nextPath(answer) };
        },
        signal,
      );
      tags.push(...listed.tags);
      path = listed.next;
    }
    return tags;
  }

  /** Gives the content of a blob to `take`, from its beginning each time that the connection was lost. */
  async blob<T>(blob: Descriptor, take: (body: Readable) => Promise<T>, signal: AbortSignal): Promise<T> {
    const action = `read the layer ${blob.digest} of ${this.name}`;
    const path = this.#path(`blobs/${blob.digest}`);
    return await this.#connection.ask({ action, method: "GET", path }, ({ body }) => take(body), signal);
  }

  async #get(
    action: string,
    path: string,
    signal: AbortSignal,
  ): Promise<{ digest: string; mediaType: string; bytes: Buffer }> {
    return await this.#connection.ask(
      { action, method: "GET", path, accept: manifestTypes },
      async ({ body, headers }) => {
        const bytes = await boundedBody(body, { maxBytes: maxManifestBytes, action }, signal);
        const mediaType = String(headers["content-type"] ?? "").replace(/;.*$/s, "");
        return { digest: digestOf(bytes), mediaType, bytes };
      },
      signal,
    );
  }

  #path(rest: string): string {
    return `/v2/${this.#address.repository}/${rest}`;
  }
}

/** The error for content that is not what its digest says. */
export function mismatch(action: string, wanted: string, got: string): OciError {
  return new OciError("digest-mismatch", `Cannot ${action}: what came has the digest ${got}, not ${wanted}`);
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function isAbsence(error: unknown): boolean {
  return error instanceof OciError && (error.code === "not-found" || error.code === "ref-not-found");
}

function referring(bytes: Buffer, action: string): readonly Descriptor[] {
  const list = parseManifest(bytes, "the list of what refers to it");
  if (list.kind === "index") return list.manifests;
  throw new OciError("failed", `Cannot ${action}: the answer is no list of manifests`);
}

function digestIn(headers: WireAnswer["headers"]): string | undefined {
  const digest = headers["docker-content-digest"];
  return typeof digest === "string" && /^sha256:[0-9a-f]{64}$/.test(digest) ? digest : undefined;
}

function tagsIn(body: Buffer, action: string): readonly string[] {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw new OciError("failed", `Cannot ${action}: the answer is not JSON`, { cause });
  }
  const tags = typeof value === "object" && value !== null && "tags" in value ? value.tags : undefined;
  // A repository whose last tag was deleted has null here.
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string" && /^\w[\w.-]{0,127}$/.test(tag)) : [];
}

/** The rest of a list is on the same server, whatever host the link names. */
function nextPath({ headers }: WireAnswer): string | undefined {
  const link = headers["link"];
  const text = Array.isArray(link) ? link.join(", ") : (link ?? "");
  const target = /<([^<>]+)>\s*;[^,<]*rel\s*=\s*"?next\b/i.exec(text)?.[1];
  if (target === undefined || !URL.canParse(target, "http://registry")) return undefined;
  const { pathname, search } = new URL(target, "http://registry");
  return pathname.startsWith("/v2/") ? pathname + search : undefined;
}
