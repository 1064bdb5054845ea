import { createHash } from "node:crypto";
import type { CloudAnswer, CloudRequest } from "./clouds.ts";

/** What a bucket holds, by key. */
export type StoredObjects = Map<string, string>;

/** Answers for one bucket; what it does not know is another's to answer. */
export type StorageAnswer = (asked: CloudRequest) => CloudAnswer | null;

/** The bucket of this name as Google's JSON API shows it. */
export function gcsBucket(bucket: string, objects: StoredObjects): StorageAnswer {
  const root = `/storage/v1/b/${bucket}/o`;
  return ({ host, path, method }) => {
    const { pathname, searchParams: query } = new URL(path, "https://any");
    if (host !== "storage.googleapis.com" || !pathname.startsWith("/storage/") || method !== "GET") return null;
    if (pathname === root) return { body: gcsPage(objects, query) };
    const content = objects.get(decodeURIComponent(pathname.slice(root.length + 1)));
    if (!pathname.startsWith(`${root}/`) || content === undefined) return gcsRefusal(404, "notFound");
    const generation = generationOf(content);
    if (query.get("alt") !== "media") return gcsRefusal(400, "invalid");
    if (query.get("ifGenerationMatch") !== generation) return gcsRefusal(412, "conditionNotMet");
    return { headers: { "x-goog-generation": generation }, body: content };
  };
}

/** A refusal in the words of Google's. */
export function gcsRefusal(code: number, reason: string, message = "told by the test"): CloudAnswer {
  return { status: code, body: { error: { code, message, errors: [{ reason, message }] } } };
}

/** The tag that Google gives an object with this content. */
export function gcsTag(content: string): string {
  return Buffer.from(generationOf(content)).toString("base64");
}

function gcsPage(objects: StoredObjects, query: URLSearchParams): object {
  const { page, next } = pageOf(objects, query, { prefix: "prefix", size: "maxResults", token: "pageToken" });
  const items = page.map(([name, content]) => ({
    name,
    etag: gcsTag(content),
    size: String(Buffer.byteLength(content)),
    generation: generationOf(content),
    md5Hash: createHash("md5").update(content).digest("base64"),
  }));
  return { ...(items.length > 0 && { items }), ...(next !== "" && { nextPageToken: next }) };
}

/** The container of this name as Azure shows it, at the account `shop`. */
export function azureContainer(container: string, objects: StoredObjects): StorageAnswer {
  return ({ host, path, headers, method }) => {
    if (host !== "shop.blob.core.windows.net" || method !== "GET") return null;
    const { pathname, searchParams: query } = new URL(path, "https://any");
    if (!pathname.startsWith(`/${container}`)) return azureRefusal(404, "ContainerNotFound");
    if (headers["x-ms-version"] === undefined) return azureRefusal(400, "MissingRequiredHeader");
    if (pathname === `/${container}`) {
      const isList = query.get("restype") === "container" && query.get("comp") === "list";
      return isList ? { body: azurePage(objects, query) } : azureRefusal(400, "InvalidQueryParameterValue");
    }
    const content = objects.get(decodeURIComponent(pathname.slice(container.length + 2)));
    if (content === undefined) return azureRefusal(404, "BlobNotFound");
    const etag = `"${azureTag(content)}"`;
    return headers["if-match"] === etag ? { headers: { etag }, body: content } : azureRefusal(412, "ConditionNotMet");
  };
}

/** A refusal in the words of Azure's, which end with what differs each time. */
export function azureRefusal(status: number, code: string, message = "Told by the test."): CloudAnswer {
  const words = `${message}\nRequestId:${Math.random()}\nTime:${Date.now()}`;
  return { status, body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${words}</Message></Error>` };
}

/** The tag that Azure gives a blob with this content. */
export function azureTag(content: string): string {
  return `0x8D${createHash("sha256").update(content).digest("hex").slice(0, 12).toUpperCase()}`;
}

function azurePage(objects: StoredObjects, query: URLSearchParams): string {
  const { page, next } = pageOf(objects, query, { prefix: "prefix", size: "maxresults", token: "marker" });
  const folder = "<Blob><Name>folder</Name><Properties><ResourceType>directory</ResourceType></Properties></Blob>";
  const blobs = page.map(([name, content]) => {
    const md5 = createHash("md5").update(content).digest("base64");
    const length = Buffer.byteLength(content);
    const properties = `<Etag>${azureTag(content)}</Etag><Content-Length>${length}</Content-Length><Content-MD5>${md5}</Content-MD5>`;
    return `<Blob><Name>${name}</Name><Properties>${properties}</Properties></Blob>`;
  });
  const marker = next === "" ? "<NextMarker />" : `<NextMarker>${next}</NextMarker>`;
  return `<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs>${folder}${blobs.join("")}</Blobs>${marker}</EnumerationResults>`;
}

function pageOf(
  objects: StoredObjects,
  query: URLSearchParams,
  names: { readonly prefix: string; readonly size: string; readonly token: string },
): { page: readonly (readonly [string, string])[]; next: string } {
  const start = Number(query.get(names.token) ?? 0);
  const end = start + Number(query.get(names.size));
  const isAsked = ([key]: readonly [string, string]) => key.startsWith(query.get(names.prefix) ?? "");
  const matching = [...objects].filter(isAsked).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { page: matching.slice(start, end), next: end < matching.length ? String(end) : "" };
}

function generationOf(content: string): string {
  return BigInt(`0x${createHash("sha256").update(content).digest("hex").slice(0, 12)}`).toString();
}
