/** An object as a listing names it. */
export interface ListedObject {
  readonly key: string;
  /** Without quotes; what the revision counts. */
  readonly etag: string;
  readonly size: number;
  /** What the server calls this state of the object, where that is not its tag. */
  readonly version?: string;
  /** Of the content, in hex, where the listing tells it. */
  readonly md5?: string;
}

/** A part of a listing, and what asks for the next. */
export interface Page {
  readonly objects: readonly ListedObject[];
  readonly next: string | undefined;
}

/** Which part of which objects is asked for. */
export interface PageRequest {
  readonly prefix: string;
  readonly token: string | undefined;
  readonly pageSize: number;
}

/** What is asked of a bucket. */
export interface StorageRequest {
  /** What follows the bucket in the path, encoded. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** Headers as they came. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** How one kind of storage is spoken to. */
export interface Storage {
  readonly page: (asked: PageRequest) => StorageRequest;
  /** @throws ListingError */
  readonly pageIn: (body: string) => Page;
  /** Asks for an object on condition that it is what was listed. */
  readonly object: (object: ListedObject) => StorageRequest;
  /** Whether what answers is what was listed. */
  readonly isListed: (object: ListedObject, headers: AnswerHeaders) => boolean;
}

/** A listing that cannot be used; the message tells why. */
export class ListingError extends Error {
  override readonly name = "ListingError";
}

/** An object of a listing. @throws ListingError when what it is told by is missing or cannot stand in a request */
export function listedObject(object: ListedObject): ListedObject {
  const { key, etag, size, version = "0" } = object;
  if (key === "") throw new ListingError("its listing holds an object without key");
  // It stands in a header or a query.
  const isTag = [etag, version].every((text) => /^[\x21\x23-\x7e]{1,256}$/.test(text));
  if (isTag && Number.isSafeInteger(size) && size >= 0) return object;
  throw new ListingError(`its listing tells neither tag nor size of ${JSON.stringify(key.slice(0, 200))}`);
}

/** A tag without the quotes that it has in headers. */
export function plainEtag(text: string): string {
  return text.replace(/^W\//, "").replace(/^"(.*)"$/, "$1");
}

/** Whether the tag of an answer is this one. */
export function hasEtag(headers: AnswerHeaders, etag: string): boolean {
  const sent = headers["etag"];
  return typeof sent === "string" && plainEtag(sent) === etag;
}

/** A digest that came in base64 in hex; undefined when it is none. */
export function hexDigest(base64: string | undefined): string | undefined {
  const hex = Buffer.from(base64 ?? "", "base64").toString("hex");
  return hex.length === 32 ? hex : undefined;
}
