import type { Readable } from "node:stream";
import type { BucketConnection } from "./bucket-connection.ts";
import { BucketError } from "./bucket-error.ts";
import type { BucketLimits } from "./bucket-limits.ts";
import { encodedKey } from "./sign-request.ts";
import { childText, parseXml, XmlError } from "./xml.ts";
import type { XmlElement } from "./xml.ts";

/** An object as a listing names it. */
export interface ListedObject {
  readonly key: string;
  /** Without quotes. */
  readonly etag: string;
  readonly size: number;
}

interface Page {
  readonly objects: readonly ListedObject[];
  readonly next: string | undefined;
}

const maxPageBytes = 16 << 20;

/** What can be asked of one bucket. */
export class BucketClient {
  /** How messages name the bucket. */
  readonly name: string;
  readonly #connection: BucketConnection;

  constructor(name: string, connection: BucketConnection) {
    this.name = name;
    this.#connection = connection;
  }

  /** All objects whose keys begin with a prefix; markers of folders are left out. @throws BucketError */
  async list(prefix: string, limits: BucketLimits, signal: AbortSignal): Promise<readonly ListedObject[]> {
    const objects: ListedObject[] = [];
    let token: string | undefined;
    for (let page = 1; page <= limits.maxPages; page++) {
      const { objects: found, next } = await this.#page({ prefix, token, pageSize: limits.pageSize }, signal);
      objects.push(...found.filter(({ key }) => !key.endsWith("/")));
      if (objects.length > limits.maxObjects) {
        throw new BucketError(
          "too-large",
          `Cannot use ${this.name}: it holds more than ${limits.maxObjects} objects${prefix === "" ? "" : " with the prefix"}`,
        );
      }
      if (next === undefined) return objects;
      if (next === token) throw this.#unusable("its listing goes round in a circle");
      token = next;
    }
    throw new BucketError("too-large", `Cannot use ${this.name}: its listing has more than ${limits.maxPages} pages`);
  }

  /** Gives `take` the content of an object as it was listed. @throws BucketError `changed` when it is another by now */
  async read<T>(object: ListedObject, take: (body: Readable) => Promise<T>, signal: AbortSignal): Promise<T> {
    const { key, etag } = object;
    const action = `read ${JSON.stringify(key)} of ${this.name}`;
    const headers = { "if-match": `"${etag}"` };
    return await this.#connection.ask(
      { action, path: encodedKey(key), query: {}, headers },
      async ({ headers: answered, body }) => {
        const sent = answered["etag"];
        if (typeof sent === "string" && plainEtag(sent) === etag) return await take(body);
        body.destroy();
        throw new BucketError("changed", `Cannot ${action}: it was changed while it was read`);
      },
      signal,
    );
  }

  async #page(
    { prefix, token, pageSize }: { prefix: string; token: string | undefined; pageSize: number },
    signal: AbortSignal,
  ): Promise<Page> {
    const query = {
      "list-type": "2",
      // Some keys are no text that XML allows.
      "encoding-type": "url",
      "max-keys": String(pageSize),
      ...(prefix === "" ? {} : { prefix }),
      ...(token === undefined ? {} : { "continuation-token": token }),
    };
    const call = { action: `list ${this.name}`, path: "", query, headers: {} };
    const body = await this.#connection.ask(call, ({ body: stream }) => this.#whole(stream, signal), signal);
    return this.#pageIn(body);
  }

  async #whole(body: Readable, signal: AbortSignal): Promise<string> {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      chunks.push(chunk);
      length += chunk.length;
      if (length > maxPageBytes) throw this.#unusable(`a page of its listing is larger than ${maxPageBytes} bytes`);
    }
    return Buffer.concat(chunks).toString("utf8");
  }

  #pageIn(body: string): Page {
    const result = this.#parsed(body);
    if (result.name !== "ListBucketResult") throw this.#unusable("what answers does not list buckets");
    const isEncoded = childText(result, "EncodingType") === "url";
    const contents = result.children.filter(({ name }) => name === "Contents");
    const objects = contents.map((element) => this.#object(element, isEncoded));
    if (childText(result, "IsTruncated") !== "true") return { objects, next: undefined };
    const next = childText(result, "NextContinuationToken");
    if (next === undefined || next === "") throw this.#unusable("its listing ends in the middle");
    return { objects, next };
  }

  #object(element: XmlElement, isEncoded: boolean): ListedObject {
    const raw = childText(element, "Key") ?? "";
    const key = isEncoded ? this.#decoded(raw) : raw;
    const etag = plainEtag(childText(element, "ETag") ?? "");
    const size = Number(childText(element, "Size") || Number.NaN);
    if (key === "") throw this.#unusable("its listing holds an object without key");
    // It stands in a header.
    const isTag = /^[\x21\x23-\x7e]{1,256}$/.test(etag);
    if (!isTag || !Number.isSafeInteger(size) || size < 0) {
      throw this.#unusable(`its listing tells neither tag nor size of ${JSON.stringify(key.slice(0, 200))}`);
    }
    return { key, etag, size };
  }

  #decoded(raw: string): string {
    try {
      return decodeURIComponent(raw.replaceAll("+", "%20"));
    } catch (cause) {
      throw this.#unusable(`the key ${JSON.stringify(raw.slice(0, 200))} is not UTF-8`, cause);
    }
  }

  #parsed(body: string): XmlElement {
    try {
      return parseXml(body);
    } catch (error) {
      if (!(error instanceof XmlError)) throw error;
      throw this.#unusable("what answers does not list buckets", error);
    }
  }

  #unusable(why: string, cause?: unknown): BucketError {
    return new BucketError("refused-content", `Cannot use ${this.name}: ${why}`, { cause });
  }
}

function plainEtag(text: string): string {
  return text.replace(/^W\//, "").replace(/^"(.*)"$/, "$1");
}
