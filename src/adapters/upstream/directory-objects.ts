import type { Resource } from "#core/resource/resource.ts";
import { UpstreamError } from "./upstream-error.ts";
import type { DecodedFile } from "./yaml-decode.ts";

/** An object and where it was declared. */
export interface PlacedObject {
  readonly resource: Resource;
  readonly place: string;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * The objects of a file, lists taken apart; none when it holds something else than manifests, as a file of values does
 * that lies beside them.
 * @throws UpstreamError when it is to be a manifest and is none: left out, its objects would count as removed.
 */
export function manifestsOf(file: DecodedFile, content: Uint8Array): readonly PlacedObject[] {
  const { path, documents, error } = file;
  const mayBeOther = !path.endsWith(".json");
  if (error) {
    if (mayBeOther && !mentions(content, "apiVersion") && !mentions(content, "kind")) return [];
    throw new UpstreamError(error);
  }
  if (documents[0] && mayBeOther && !hasMark(documents[0].object) && !looksLikeManifest(content)) return [];
  return documents.flatMap(({ line, object }) => listedObjects([object], path, line));
}

/** Objects that a file yields, with the items in place of lists. @throws UpstreamError naming what is no manifest. */
export function listedObjects(objects: readonly Fields[], file: string, line?: number): readonly PlacedObject[] {
  const place = line === undefined ? file : `${file}:${line}`;
  const items = objects.flatMap((object) => {
    const { kind, items: listed } = object;
    return typeof kind === "string" && kind.endsWith("List") && Array.isArray(listed) ? (listed as Fields[]) : [object];
  });
  return items.map((object) => {
    const message = problemOf(object);
    if (message !== null) {
      throw new UpstreamError({ code: "invalid", message, file, ...(line === undefined ? {} : { line }) });
    }
    return { resource: object as unknown as Resource, place };
  });
}

function problemOf(object: Fields | null): string | null {
  const { apiVersion, kind, metadata } = (object ?? {}) as Partial<Resource>;
  if (typeof apiVersion !== "string" || typeof kind !== "string") return "the object has no apiVersion or kind";
  if (typeof (metadata?.name ?? metadata?.generateName) !== "string") return "the object has no metadata.name";
  return null;
}

function hasMark(object: Fields): boolean {
  return ["apiVersion", "kind", "metadata"].some((field) => object[field] !== undefined);
}

function looksLikeManifest(content: Uint8Array): boolean {
  return ["apiVersion:", "kind:", "metadata:"].every((field) => mentions(content, field));
}

function mentions(content: Uint8Array, text: string): boolean {
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength).includes(text);
}
