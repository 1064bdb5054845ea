import { createHmac } from "node:crypto";
import type { BareRequest, Proof } from "./proof.ts";

/** A storage account at Azure and one of its keys. */
export interface AccountKey {
  readonly account: string;
  readonly key: Buffer;
}

/** Signs requests with the key of a storage account at Azure. */
export function sharedKeyProof({ account, key }: AccountKey): Proof {
  return {
    prove(request) {
      const headers = { ...request.headers, "x-ms-date": new Date().toUTCString() };
      const text = signedText({ ...request, headers }, account);
      const signature = createHmac("sha256", key).update(text).digest("base64");
      const authorization = `SharedKey ${account}:${signature}`;
      return Promise.resolve({ query: request.query, headers: { ...headers, authorization } });
    },
    secrets: () => [key.toString("base64")],
    hint: () => "",
  };
}

// Headers that are signed by their place and not by their name.
const placed = (
  "content-encoding content-language content-length content-md5 content-type date " +
  "if-modified-since if-match if-none-match if-unmodified-since range"
).split(" ");

function signedText({ path, query, headers }: BareRequest, account: string): string {
  const named = Object.keys(headers).filter((name) => name.startsWith("x-ms-"));
  const values = (lines: Readonly<Record<string, string>>, names: readonly string[]) =>
    names.toSorted().map((name) => `${name}:${lines[name]}`);
  return [
    "GET",
    ...placed.map((name) => headers[name] ?? ""),
    ...values(headers, named),
    `/${account}${path}`,
    ...values(query, Object.keys(query)),
  ].join("\n");
}
