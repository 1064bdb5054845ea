import type { ValuesPart } from "#core/helm/values-part.ts";
import type { HelperPool } from "./helper-pool.ts";
import { noFiles } from "./no-files.ts";

/**
 * Merges values by Helm's rules. To render, give the parts themselves: merged, a whole number set at a path is no longer
 * told from one with a fraction.
 * @throws UpstreamError naming the part that cannot be read, never a value.
 */
export async function helmValues(
  pool: HelperPool,
  parts: readonly ValuesPart[],
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const request = { op: "helm.values", input: { values: parts }, answer: noFiles };
  const { values } = (await pool.request(request, signal)) as { values: Record<string, unknown> };
  return values;
}
