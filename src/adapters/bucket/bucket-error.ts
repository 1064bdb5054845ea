import { SourceError } from "#core/source/source-error.ts";
import type { SourceFailure } from "#core/source/source-error.ts";

/** What went wrong with a bucket, for code to branch on. */
export type BucketErrorCode =
  | "authentication"
  | "certificate"
  | "changed"
  | "damaged"
  | "failed"
  | "invalid-secret"
  | "not-found"
  | "ref-not-found"
  | "refused-address"
  | "refused-content"
  | "timeout"
  | "too-large"
  | "unreachable";

/** A failure of a bucket operation; the message never holds a key. */
export class BucketError extends SourceError {
  override readonly name = "BucketError";
  readonly code: BucketErrorCode;

  constructor(code: BucketErrorCode, message: string, options?: ErrorOptions) {
    super(failures[code], message, options);
    this.code = code;
  }
}

const failures: Readonly<Record<BucketErrorCode, SourceFailure>> = {
  authentication: "auth",
  certificate: "fetch",
  changed: "fetch",
  damaged: "fetch",
  failed: "fetch",
  "invalid-secret": "auth",
  "not-found": "fetch",
  "ref-not-found": "ref",
  "refused-address": "config",
  "refused-content": "fetch",
  timeout: "fetch",
  "too-large": "fetch",
  unreachable: "fetch",
};
