import type { Readable } from "node:stream";
import { readBounded } from "../http/read-bounded.ts";
import type { BucketConnection } from "./bucket-connection.ts";
import { BucketError } from "./bucket-error.ts";
import type { BucketLimits } from "./bucket-limits.ts";
import { ListingError } from "./storage.ts";
import type { ListedObject, Page, PageRequest, Storage } from "./storage.ts";
import { XmlError } from "./xml.ts";

/** What a client is made of. */
export interface ClientParts {
  /** How messages name the bucket. */
  readonly name: string;
  readonly storage: Storage;
  readonly connection: BucketConnection;
}

const maxPageBytes = 16 << 20;

/** What can be asked of one bucket. */
export class BucketClient {
  /** How messages name the bucket. */
  readonly name: string;
  readonly #storage: Storage;
  readonly #connection: BucketConnection;

  constructor({ name, storage, connection }: ClientParts) {
    this.name = name;
    this.#storage = storage;
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
    const action = `read ${JSON.stringify(object.key)} of ${this.name}`;
    return await this.#connection.ask(
      { action, of: "object", ...this.#storage.object(object) },
      async ({ headers, body }) => {
        if (this.#storage.isListed(object, headers)) return await take(body);
        body.destroy();
        throw new BucketError("changed", `Cannot ${action}: it was changed while it was read`);
      },
      signal,
    );
  }

  async #page(asked: PageRequest, signal: AbortSignal): Promise<Page> {
    const call = { action: `list ${this.name}`, of: "bucket", ...this.#storage.page(asked) } as const;
    const body = await this.#connection.ask(call, ({ body: stream }) => this.#whole(stream, signal), signal);
    try {
      return this.#storage.pageIn(body);
    } catch (error) {
      if (error instanceof ListingError) throw this.#unusable(error.message, error);
      if (error instanceof XmlError) throw this.#unusable("what answers does not list buckets", error);
      throw error;
    }
  }

  async #whole(body: Readable, signal: AbortSignal): Promise<string> {
    const whole = await readBounded(body, maxPageBytes, signal);
    if (whole === null) throw this.#unusable(`a page of its listing is larger than ${maxPageBytes} bytes`);
    return whole.toString("utf8");
  }

  #unusable(why: string, cause?: unknown): BucketError {
    return new BucketError("refused-content", `Cannot use ${this.name}: ${why}`, { cause });
  }
}
