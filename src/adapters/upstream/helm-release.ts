import type { HelmRelease } from "#core/helm/release.ts";
import type { HelperPool } from "./helper-pool.ts";
import { noFiles } from "./no-files.ts";
import { UpstreamError } from "./upstream-error.ts";

/** A release as it is stored, and what it is recognised by. */
export interface EncodedRelease {
  readonly record: string;
  /** `sha256:` of all of the release but its chart's files and the runs of its tests. */
  readonly digest: string;
}

/** A release that was stored. */
export interface DecodedRelease {
  readonly release: HelmRelease;
  readonly digest: string;
  /** `sha256:` of its own values in their canonical form. */
  readonly configDigest: string;
}

/**
 * Encodes a release as Helm stores it; `ociDigest` counts into the digest where its chart came from a registry.
 * @throws UpstreamError when Helm would not read it.
 */
export async function encodeHelmRelease(
  pool: HelperPool,
  asked: { readonly release: HelmRelease; readonly ociDigest?: string },
  signal: AbortSignal,
): Promise<EncodedRelease> {
  const request = { op: "helm.release.encode", input: asked, answer: noFiles };
  return (await pool.request(request, signal)) as EncodedRelease;
}

/** Decodes the `data.release` of a release Secret. @throws UpstreamError when it is no release of Helm's. */
export async function decodeHelmRelease(
  pool: HelperPool,
  asked: { readonly secretData: string; readonly ociDigest?: string },
  signal: AbortSignal,
): Promise<DecodedRelease> {
  const { secretData, ...input } = asked;
  const record = Buffer.from(secretData, "base64").toString("latin1");
  if (record === "") throw new UpstreamError({ code: "invalid-record", message: "the release record is empty" });
  const request = { op: "helm.release.decode", input: { ...input, record }, answer: noFiles };
  return (await pool.request(request, signal)) as DecodedRelease;
}
