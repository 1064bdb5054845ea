import { connectionFault } from "../http/connection-fault.ts";
import type { HttpWire, WireAnswer } from "../http/http-wire.ts";
import { publicAddress } from "../http/public-address.ts";
import { readBounded } from "../http/read-bounded.ts";
import { HelmError } from "./helm-error.ts";
import type { HelmLimits } from "./helm-limits.ts";
import { chartAddress } from "./repository-address.ts";

/** What a repository is asked with. */
export interface RepositoryClientParts {
  readonly wire: HttpWire;
  readonly base: URL;
  readonly authorization: string | undefined;
  readonly passCredentials: boolean;
  readonly limits: HelmLimits;
}

/** By what a server knows whether an index changed. */
export interface IndexMarks {
  readonly etag?: string;
  readonly lastModified?: string;
}

/** An index as the server has it now; null: it is the one that the marks are of. */
export type IndexReply = { readonly bytes: Buffer; readonly marks: IndexMarks } | null;

interface FileRequest {
  readonly url: URL;
  readonly action: string;
  readonly maxBytes: number;
  readonly headers?: Record<string, string>;
}

const maxRedirects = 5;

/** Reads a chart repository over http. Every call throws HelmError. */
export class RepositoryClient {
  readonly #parts: RepositoryClientParts;

  constructor(parts: RepositoryClientParts) {
    this.#parts = parts;
  }

  /** What messages call the repository. */
  get name(): string {
    return publicAddress(this.#parts.base);
  }

  /** Reads the index unless it still is what the marks are of. */
  async index(known: IndexMarks, signal: AbortSignal): Promise<IndexReply> {
    const { base, limits } = this.#parts;
    const url = new URL(base);
    url.pathname += "index.yaml";
    const headers = {
      ...(known.etag !== undefined && { "if-none-match": known.etag }),
      ...(known.lastModified !== undefined && { "if-modified-since": known.lastModified }),
    };
    const action = `read the index ${publicAddress(url)}`;
    const file = { url, action, maxBytes: limits.maxIndexBytes, headers };
    return await this.#get(
      file,
      ({ status, headers: told }, bytes) => (status === 304 ? null : { bytes, marks: marksOf(told) }),
      signal,
    );
  }

  /** Reads a chart at the place that the index names. */
  async chart(place: string, signal: AbortSignal): Promise<Buffer> {
    const url = chartAddress(this.#parts.base, place);
    const file = { url, action: `read the chart ${publicAddress(url)}`, maxBytes: this.#parts.limits.maxChartBytes };
    return await this.#get(file, (_answer, bytes) => bytes, signal);
  }

  async #get<T>(file: FileRequest, take: (answer: WireAnswer, body: Buffer) => T, signal: AbortSignal): Promise<T> {
    const { wire, base, authorization, passCredentials } = this.#parts;
    const { url, action, maxBytes, headers = {} } = file;
    const isOwn = url.origin === base.origin;
    const isReadable = base.protocol === "https:" && url.protocol === "http:";
    const proof = isOwn || (passCredentials && !isReadable) ? authorization : undefined;
    try {
      const call = { action, method: "GET", url, headers, authorization: proof, isOwn, maxRedirects } as const;
      const answer = await wire.open(call, signal);
      const { status, body } = answer;
      const isUnchanged = status === 304 && Object.keys(headers).length > 0;
      if (!isUnchanged && (status < 200 || status >= 300)) {
        // Cutting it short is an error of the stream, which concerns nobody.
        body.on("error", () => {}).destroy();
        throw this.#refused(action, answer, proof !== undefined);
      }
      const bytes = await readBounded(body, maxBytes, signal);
      if (bytes === null) throw new HelmError("too-large", `Cannot ${action}: it is larger than ${maxBytes} bytes`);
      return take(answer, bytes);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof HelmError) throw error;
      const { code, state } = connectionFault(error, "server");
      throw new HelmError(code, `Cannot ${action}: ${state}`, { cause: error });
    }
  }

  #refused(action: string, { status }: WireAnswer, hasProof: boolean): HelmError {
    if (status === 401 || status === 403) {
      const { authorization, passCredentials } = this.#parts;
      const hint = authorization === undefined || passCredentials ? "" : ", as `passCredentials` is not set";
      const why = hasProof ? "the credentials are refused or do not reach it" : `no credentials were sent${hint}`;
      return new HelmError("authentication", `Cannot ${action}: authentication failed: ${why}`);
    }
    if (status === 404) return new HelmError("not-found", `Cannot ${action}: there is no such file`);
    return new HelmError("failed", `Cannot ${action}: the server answers ${status}`);
  }
}

function marksOf(headers: WireAnswer["headers"]): IndexMarks {
  const { etag, "last-modified": lastModified } = headers;
  if (typeof etag === "string") return { etag };
  return typeof lastModified === "string" ? { lastModified } : {};
}
