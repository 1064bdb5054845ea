import { hexDigest, ListingError, listedObject } from "./storage.ts";
import type { ListedObject, Storage } from "./storage.ts";

/** The objects of a bucket at Google, by the JSON API. */
export const gcsStorage: Storage = {
  page: ({ prefix, token, pageSize }) => ({
    path: "",
    query: {
      fields: "items(name,etag,size,generation,md5Hash,contentEncoding),nextPageToken",
      maxResults: String(pageSize),
      ...(prefix === "" ? {} : { prefix }),
      ...(token === undefined ? {} : { pageToken: token }),
    },
    headers: {},
  }),
  pageIn(body) {
    const { items = [], nextPageToken = "" } = listingIn(body);
    if (!Array.isArray(items) || typeof nextPageToken !== "string") throw new ListingError(noListing);
    return { objects: items.map(objectIn), next: nextPageToken || undefined };
  },
  object: ({ key, version = "" }) => ({
    path: `/${encodeURIComponent(key)}`,
    query: { alt: "media", ifGenerationMatch: version },
    headers: {},
  }),
  isListed: ({ version }, headers) => (headers["x-goog-generation"] ?? version) === version,
};

const noListing = "what answers does not list buckets";

function listingIn(body: string): { readonly items?: unknown; readonly nextPageToken?: unknown } {
  try {
    const listing: unknown = JSON.parse(body);
    if (typeof listing === "object" && listing !== null && !Array.isArray(listing)) return listing;
  } catch (cause) {
    throw new ListingError(noListing, { cause });
  }
  throw new ListingError(noListing);
}

function objectIn(item: unknown): ListedObject {
  const fields = (typeof item === "object" && item !== null ? item : {}) as Readonly<Record<string, unknown>>;
  const textAt = (name: string) => (typeof fields[name] === "string" ? fields[name] : "");
  // The server would unpack it, and what the listing tells would not be what comes.
  if (!["", "identity"].includes(textAt("contentEncoding"))) {
    const name = JSON.stringify(textAt("name").slice(0, 200));
    throw new ListingError(`${name} is stored with a content encoding, which is not supported`);
  }
  const md5 = hexDigest(textAt("md5Hash"));
  const version = textAt("generation");
  return listedObject({
    key: textAt("name"),
    etag: textAt("etag"),
    size: Number(textAt("size") || Number.NaN),
    version: /^\d+$/.test(version) ? version : "",
    ...(md5 !== undefined && { md5 }),
  });
}
