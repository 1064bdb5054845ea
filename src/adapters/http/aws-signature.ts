import { createHash, createHmac } from "node:crypto";
import { queryText } from "./query-text.ts";

/** What proves to Amazon's services, and to those that speak alike, who asks. */
export interface AccessKeys {
  readonly id: string;
  readonly key: string;
  /** Goes with keys that were lent for a while. */
  readonly session?: string | undefined;
}

/** A request that is not signed yet. */
export interface UnsignedRequest {
  readonly method: "GET" | "POST";
  readonly host: string;
  /** Encoded as `encodedKey` does it. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Whom a signature is for, and when it was made. */
export interface SigningScope {
  readonly service: string;
  readonly region: string;
  readonly at: Date;
}

/** The headers that a request is sent with, its signature (AWS version 4) among them. */
export function signedHeaders(
  request: UnsignedRequest,
  { id, key, session }: AccessKeys,
  { service, region, at }: SigningScope,
): Readonly<Record<string, string>> {
  const time = at.toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
  const digest = sha256(request.body ?? "");
  const headers: Record<string, string> = {
    ...request.headers,
    host: request.host,
    "x-amz-content-sha256": digest,
    "x-amz-date": time,
    ...(session !== undefined && { "x-amz-security-token": session }),
  };
  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${headers[name]?.trim()}\n`).join("");
  const signed = names.join(";");
  const canonical = [request.method, request.path, queryText(request.query), lines, signed, digest].join("\n");
  const signature = awsSignature(canonical, key, { time, scope });
  const authorization = `AWS4-HMAC-SHA256 Credential=${id}/${scope},SignedHeaders=${signed},Signature=${signature}`;
  return { ...headers, authorization };
}

/** Signs a request in its canonical form with a secret key. */
export function awsSignature(
  canonical: string,
  key: string,
  at: { readonly time: string; readonly scope: string },
): string {
  const derived = at.scope.split("/").reduce<string | Buffer>((from, part) => hmac(from, part), `AWS4${key}`);
  return hmac(derived, ["AWS4-HMAC-SHA256", at.time, at.scope, sha256(canonical)].join("\n")).toString("hex");
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
