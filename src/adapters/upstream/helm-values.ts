import type { ValuesPart } from "#core/helm/values-part.ts";
import type { HelperPool } from "./helper-pool.ts";
import { noFiles } from "./no-files.ts";

/** Values that were merged. */
export interface MergedValues {
  readonly values: Readonly<Record<string, unknown>>;
  /** `sha256:` of them in their canonical form. */
  readonly configDigest: string;
}

/**
 * Merges values by Helm's rules. To render, give the parts themselves: merged, a whole number set at a path is no longer
 * told from one with a fraction.
 * @throws UpstreamError naming the part that cannot be read, never a value.
 */
export async function helmValues(
  pool: HelperPool,
  parts: readonly ValuesPart[],
  signal: AbortSignal,
): Promise<MergedValues> {
  const request = { op: "helm.values", input: { values: parts }, answer: noFiles };
  return (await pool.request(request, signal)) as MergedValues;
}
