import { SourceError } from "#core/source/source-error.ts";
import type { SourceFailure } from "#core/source/source-error.ts";

/** What went wrong with a chart repository or a chart, for code to branch on. */
export type HelmErrorCode =
  | "authentication"
  | "certificate"
  | "damaged"
  | "digest-mismatch"
  | "failed"
  | "invalid-secret"
  | "not-found"
  | "ref-not-found"
  | "refused-chart"
  | "refused-index"
  | "refused-url"
  | "timeout"
  | "too-large"
  | "unreachable"
  | "values";

/** A failure of a chart repository; the message never holds a credential. */
export class HelmError extends SourceError {
  override readonly name = "HelmError";
  readonly code: HelmErrorCode;

  constructor(code: HelmErrorCode, message: string, options?: ErrorOptions) {
    super(failures[code], message, options);
    this.code = code;
  }
}

const failures: Readonly<Record<HelmErrorCode, SourceFailure>> = {
  authentication: "auth",
  certificate: "fetch",
  damaged: "fetch",
  "digest-mismatch": "fetch",
  failed: "fetch",
  "invalid-secret": "auth",
  "not-found": "fetch",
  "ref-not-found": "ref",
  "refused-chart": "fetch",
  "refused-index": "fetch",
  "refused-url": "config",
  timeout: "fetch",
  "too-large": "fetch",
  unreachable: "fetch",
  values: "missing-path",
};
