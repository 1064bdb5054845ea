import { encodedKey } from "../http/query-text.ts";
import { hasEtag, hexDigest, ListingError, listedObject } from "./storage.ts";
import type { ListedObject, Storage } from "./storage.ts";
import { childText, parseXml } from "./xml.ts";
import type { XmlElement } from "./xml.ts";

/** Names that XML cannot hold came with later versions, in an encoding of their own. */
const headers = { "x-ms-version": "2020-10-02" };

/** The blobs of a container at Azure. */
export const azureStorage: Storage = {
  page: ({ prefix, token, pageSize }) => ({
    path: "",
    query: {
      restype: "container",
      comp: "list",
      maxresults: String(pageSize),
      ...(prefix === "" ? {} : { prefix }),
      ...(token === undefined ? {} : { marker: token }),
    },
    headers,
  }),
  pageIn(body) {
    const result = parseXml(body);
    if (result.name !== "EnumerationResults") throw new ListingError("what answers does not list containers");
    const blobs = childrenOf(childrenOf([result], "Blobs"), "Blob");
    const objects = blobs.flatMap((blob) => objectIn(blob));
    return { objects, next: childText(result, "NextMarker") || undefined };
  },
  object: ({ key, version }) => ({
    path: `/${encodedKey(key)}`,
    query: {},
    headers: { ...headers, "if-match": `"${version}"` },
  }),
  isListed: ({ version = "" }, answered) => hasEtag(answered, version),
};

/** Upstream's controllers write the tag in hex into the revision. */
function objectIn(blob: XmlElement): readonly ListedObject[] {
  const [properties] = childrenOf([blob], "Properties");
  const property = (name: string) => (properties && childText(properties, name)) || "";
  // Accounts with folders list those, too.
  if (property("ResourceType") === "directory") return [];
  const etag = property("Etag").replace(/^"(.*)"$/, "$1");
  const md5 = hexDigest(property("Content-MD5"));
  const object = listedObject({
    key: childText(blob, "Name") ?? "",
    etag: Buffer.from(etag).toString("hex"),
    version: etag,
    size: Number(property("Content-Length") || Number.NaN),
    ...(md5 !== undefined && { md5 }),
  });
  return [object];
}

function childrenOf(elements: readonly XmlElement[], name: string): readonly XmlElement[] {
  return elements.flatMap(({ children }) => children.filter((child) => child.name === name));
}
