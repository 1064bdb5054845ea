import { createHash, createHmac } from "node:crypto";

/** What proves who asks. */
export interface AccessKeys {
  readonly id: string;
  readonly key: string;
}

/** A request without body. */
export interface UnsignedRequest {
  readonly method: "GET";
  readonly host: string;
  /** Encoded by `encodedKey`. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

const emptyDigest = createHash("sha256").digest("hex");

/** The headers that a request is sent with, its signature (AWS version 4) among them. */
export function signedHeaders(
  request: UnsignedRequest,
  { id, key }: AccessKeys,
  { region, at }: { readonly region: string; readonly at: Date },
): Readonly<Record<string, string>> {
  const time = at.toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
  const headers: Record<string, string> = {
    ...request.headers,
    host: request.host,
    "x-amz-content-sha256": emptyDigest,
    "x-amz-date": time,
  };
  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${headers[name]?.trim()}\n`).join("");
  const signed = names.join(";");
  const canonical = [request.method, request.path, queryText(request.query), lines, signed, emptyDigest].join("\n");
  const derived = scope.split("/").reduce<string | Buffer>((from, part) => hmac(from, part), `AWS4${key}`);
  const signature = hmac(derived, ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n")).toString("hex");
  const authorization = `AWS4-HMAC-SHA256 Credential=${id}/${scope},SignedHeaders=${signed},Signature=${signature}`;
  return { ...headers, authorization };
}

/** A query as it is signed, which is also how it is sent. */
export function queryText(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join("&");
}

/** The key of an object as a part of a path. */
export function encodedKey(key: string): string {
  return key.split("/").map(encoded).join("/");
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
