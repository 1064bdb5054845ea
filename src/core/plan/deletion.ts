import type { IdKey } from "#core/resource/resource-id.ts";

/** Proof that one deletion is allowed; kept in the audit history. */
export interface DeletionCertificate {
  readonly key: IdKey;
  readonly uid: string;
  /** Why the object goes: it left the source at this revision, or the app itself is being deleted. */
  readonly cause: "left-source" | "app-deleted" | "recreate";
  readonly revision: string;
  readonly renderDigest: string;
  readonly inventoryDigest: string;
  /** `budget`, or the digest that a person approved. */
  readonly allowedBy: string;
}
