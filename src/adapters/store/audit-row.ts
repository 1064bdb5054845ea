import { createHash } from "node:crypto";
import { stableText } from "#core/resource/stable-text.ts";
import type { AuditRecord } from "#engine/ports.ts";

/** A record as it lies in the file: its detail is text, and its hash covers itself and the row before it. */
export interface AuditRow extends Omit<AuditRecord, "detail"> {
  readonly id: number;
  readonly detail: string;
  readonly hash: string;
}

/** A place in the chain: the row that was written last, or what stands before the first one. */
export interface ChainLink {
  readonly id: number;
  readonly hash: string;
}

/** The hash that stands before the first row of a chain. */
export const GENESIS = "0".repeat(64);

const longestText = 4_000;
const certificateFields = ["key", "uid", "cause", "revision", "renderDigest", "inventoryDigest", "allowedBy"] as const;

/** The row that follows `before`. */
export function rowAfter(before: ChainLink, record: AuditRecord): AuditRow {
  const row = { ...record, id: before.id + 1, detail: stableText(record.detail) };
  return { ...row, hash: hashOf(before.hash, row) };
}

/** Hash of a row that follows one with hash `before`. */
export function hashOf(before: string, row: Omit<AuditRow, "hash">): string {
  const { id, at, actor, app, verb, object, revision, reason, detail } = row;
  const content = JSON.stringify([id, at, actor, app, verb, object, revision, reason, detail]);
  return createHash("sha256").update(`${before}\n${content}`).digest("hex");
}

/**
 * A copy that holds no more than history may keep: texts are cut at 4,000 characters, and of the detail only deletion
 * certificates and paths stay, so that no field value gets here by mistake. Names of other members go to `withheld`.
 */
export function storableRecord(record: AuditRecord): AuditRecord {
  return {
    at: record.at,
    actor: cut(record.actor),
    app: cut(record.app),
    verb: record.verb,
    object: cut(record.object),
    revision: cut(record.revision),
    reason: cut(record.reason),
    detail: storableDetail(record.detail),
  };
}

function storableDetail(detail: AuditRecord["detail"]): AuditRecord["detail"] {
  const { certificate, paths, ...others } = detail;
  const withheld = Object.keys(others).sort();
  return {
    ...(isMap(certificate) ? { certificate: storableCertificate(certificate) } : {}),
    ...(Array.isArray(paths) ? { paths: paths.filter(isPointer) } : {}),
    ...(withheld.length > 0 ? { withheld } : {}),
  };
}

function storableCertificate(certificate: Readonly<Record<string, unknown>>): Record<string, string> {
  const kept = certificateFields.flatMap((field) => {
    const value = certificate[field];
    return typeof value === "string" ? [[field, cut(value)] as const] : [];
  });
  return Object.fromEntries(kept);
}

function isPointer(path: unknown): path is string {
  return typeof path === "string" && path.startsWith("/") && path.length <= longestText;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function cut(text: string): string {
  return text.length <= longestText ? text : `${text.slice(0, longestText - 1)}…`;
}
