import { base64OfText } from "#core/resource/base64.ts";
import { digestOf } from "#core/resource/digest.ts";
import type { Resource } from "#core/resource/resource.ts";

/**
 * A rendered object as it is sent: without what only the server writes, without nulls where they mean nothing, and a
 * Secret's `stringData` turned into `data`, because its owner would not see edits of `data`.
 */
export function normaliseDesired(rendered: Resource): Resource {
  const { status: _status, metadata, ...rest } = rendered;
  const sent = { ...rest, metadata: normalMetadata(metadata) } as unknown as Resource;
  const filled = isTextMap(sent) ? withEmptyTexts(sent) : sent;
  const compact = isBuiltIn(filled) ? (withoutNulls(filled) as Resource) : filled;
  return isSecret(compact) ? withSecretData(compact) : compact;
}

/** Digest of what is sent; equal digests mean that there is nothing new to send. */
export function inputDigest(sent: Resource): string {
  return digestOf(sent);
}

const SERVER_METADATA = new Set([
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "selfLink",
  "uid",
]);

function normalMetadata(metadata: Resource["metadata"]): Record<string, unknown> {
  const kept = Object.entries(metadata).filter(([key, value]) => !SERVER_METADATA.has(key) && !isEmpty(value));
  return Object.fromEntries(kept);
}

// Declaring an empty map of labels would make every foreign label look like drift.
function isEmpty(value: unknown): boolean {
  return value === null || (isRecord(value) && Object.keys(value).length === 0);
}

// Custom kinds may give null a meaning (`nullable`); the built-in ones read it as absent.
function isBuiltIn({ apiVersion }: Resource): boolean {
  const slash = apiVersion.indexOf("/");
  if (slash < 0) return true;
  const group = apiVersion.slice(0, slash);
  return !group.includes(".") || group.endsWith(".k8s.io");
}

function isSecret({ apiVersion, kind }: Resource): boolean {
  return apiVersion === "v1" && kind === "Secret";
}

function isTextMap(resource: Resource): boolean {
  return isSecret(resource) || (resource.apiVersion === "v1" && resource.kind === "ConfigMap");
}

// In these maps the server reads a null value as the empty text and keeps the key.
function withEmptyTexts(resource: Resource): Resource {
  const filled: Record<string, unknown> = { ...resource };
  for (const member of ["data", "stringData", "binaryData"]) {
    const map = filled[member];
    if (!isRecord(map) || !Object.values(map).includes(null)) continue;
    filled[member] = Object.fromEntries(Object.entries(map).map(([key, value]) => [key, value ?? ""]));
  }
  return filled as unknown as Resource;
}

/** The same value when it holds no null, so that values of special kinds keep their identity. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutNulls);
  const members = Object.entries(value);
  const kept = members
    .filter(([, member]) => member !== null)
    .map(([key, member]) => [key, withoutNulls(member)] as const);
  const record = value as Readonly<Record<string, unknown>>;
  if (kept.length === members.length && kept.every(([key, member]) => record[key] === member)) return value;
  return Object.fromEntries(kept);
}

// Values that are no texts are left for the server to refuse.
function withSecretData(secret: Resource): Resource {
  const { stringData, ...rest } = secret;
  if (!isRecord(stringData)) return secret;
  const texts = Object.entries(stringData);
  if (!texts.every(([, text]) => typeof text === "string")) return secret;
  const added = Object.fromEntries(texts.map(([key, text]) => [key, base64OfText(text as string)]));
  if (texts.length === 0) return rest;
  return { ...rest, data: { ...(isRecord(secret["data"]) ? secret["data"] : {}), ...added } };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
