import { SourceError } from "#core/source/source-error.ts";
import type { SourceFailure } from "#core/source/source-error.ts";

/** What went wrong with a registry or an artifact, for code to branch on. */
export type OciErrorCode =
  | "authentication"
  | "certificate"
  | "damaged"
  | "digest-mismatch"
  | "failed"
  | "invalid-ref"
  | "invalid-secret"
  | "not-found"
  | "redirect"
  | "ref-not-found"
  | "refused-content"
  | "refused-url"
  | "timeout"
  | "too-large"
  | "unreachable";

/** A failure of a registry operation; the message never holds a credential. */
export class OciError extends SourceError {
  override readonly name = "OciError";
  readonly code: OciErrorCode;

  constructor(code: OciErrorCode, message: string, options?: ErrorOptions) {
    super(failures[code], message, options);
    this.code = code;
  }
}

const failures: Readonly<Record<OciErrorCode, SourceFailure>> = {
  authentication: "auth",
  certificate: "fetch",
  damaged: "fetch",
  "digest-mismatch": "fetch",
  failed: "fetch",
  "invalid-ref": "config",
  "invalid-secret": "auth",
  "not-found": "fetch",
  redirect: "fetch",
  "ref-not-found": "ref",
  "refused-content": "fetch",
  "refused-url": "config",
  timeout: "fetch",
  "too-large": "fetch",
  unreachable: "fetch",
};
