import type { ChartRef } from "#core/source/helm-ref.ts";
import type { SourceError } from "#core/source/source-error.ts";
import type { VerifiedObject } from "#core/source/source.ts";
import type { VerificationRequest } from "#engine/ports.ts";

/** A version of a chart that can be had. */
export interface ChartOffer {
  readonly version: string;
  /** Equal for equal content. */
  readonly identity: string;
  download(signal: AbortSignal): Promise<Uint8Array>;
}

/** What one look at a repository told. */
export interface Look {
  /** Digest of the index, where there is one. */
  readonly index: string | null;
  /** For each of the charts that were asked for, in their order. */
  readonly charts: readonly (ChartOffer | { readonly error: SourceError })[];
}

/** Where charts come from. */
export interface ChartOrigin {
  /** What messages call it. */
  readonly name: string;
  /** Asks once for all charts. @throws SourceError when nothing can be told of any */
  look(charts: readonly ChartRef[], limits: { timeoutMs: number }, signal: AbortSignal): Promise<Look>;
  /** Says who signed the content of an offer, where such a thing exists. @throws SourceError unless it is signed as asked */
  verify?(identity: string, request: VerificationRequest, signal: AbortSignal): Promise<readonly VerifiedObject[]>;
}
