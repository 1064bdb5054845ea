import { encodedKey } from "../http/query-text.ts";
import { hasEtag, ListingError, listedObject, plainEtag } from "./storage.ts";
import type { ListedObject, Storage } from "./storage.ts";
import { childText, parseXml } from "./xml.ts";
import type { XmlElement } from "./xml.ts";

/** Amazon's protocol, which most servers speak. */
export const s3Storage: Storage = {
  page: ({ prefix, token, pageSize }) => ({
    path: "",
    query: {
      "list-type": "2",
      // Some keys are no text that XML allows.
      "encoding-type": "url",
      "max-keys": String(pageSize),
      ...(prefix === "" ? {} : { prefix }),
      ...(token === undefined ? {} : { "continuation-token": token }),
    },
    headers: {},
  }),
  pageIn(body) {
    const result = parseXml(body);
    if (result.name !== "ListBucketResult") throw new ListingError("what answers does not list buckets");
    const isEncoded = childText(result, "EncodingType") === "url";
    const contents = result.children.filter(({ name }) => name === "Contents");
    const objects = contents.map((element) => objectIn(element, isEncoded));
    if (childText(result, "IsTruncated") !== "true") return { objects, next: undefined };
    const next = childText(result, "NextContinuationToken");
    if (next === undefined || next === "") throw new ListingError("its listing ends in the middle");
    return { objects, next };
  },
  object: ({ key, etag }) => ({ path: encodedKey(key), query: {}, headers: { "if-match": `"${etag}"` } }),
  isListed: ({ etag }, headers) => hasEtag(headers, etag),
};

function objectIn(element: XmlElement, isEncoded: boolean): ListedObject {
  const raw = childText(element, "Key") ?? "";
  return listedObject({
    key: isEncoded ? decoded(raw) : raw,
    etag: plainEtag(childText(element, "ETag") ?? ""),
    size: Number(childText(element, "Size") || Number.NaN),
  });
}

function decoded(raw: string): string {
  try {
    return decodeURIComponent(raw.replaceAll("+", "%20"));
  } catch (cause) {
    throw new ListingError(`the key ${JSON.stringify(raw.slice(0, 200))} is not UTF-8`, { cause });
  }
}
