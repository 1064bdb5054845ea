import type { HelmRelease } from "#core/helm/release.ts";
import type { HelperPool } from "./helper-pool.ts";
import { noFiles } from "./no-files.ts";
import { UpstreamError } from "./upstream-error.ts";

/** Encodes a release as Helm stores it. @throws UpstreamError when Helm would not read it. */
export async function encodeHelmRelease(pool: HelperPool, release: HelmRelease, signal: AbortSignal): Promise<string> {
  const request = { op: "helm.release.encode", input: { release }, answer: noFiles };
  const { record } = (await pool.request(request, signal)) as { record: string };
  return record;
}

/** Decodes the `data.release` of a release Secret. @throws UpstreamError when it is no release of Helm's. */
export async function decodeHelmRelease(
  pool: HelperPool,
  secretData: string,
  signal: AbortSignal,
): Promise<HelmRelease> {
  const record = Buffer.from(secretData, "base64").toString("latin1");
  if (record === "") throw new UpstreamError({ code: "invalid-record", message: "the release record is empty" });
  const request = { op: "helm.release.decode", input: { record }, answer: noFiles };
  const { release } = (await pool.request(request, signal)) as { release: HelmRelease };
  return release;
}
