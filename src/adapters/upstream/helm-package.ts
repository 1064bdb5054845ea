import type { ChartMetadata } from "#core/helm/release.ts";
import type { ValuesPart } from "#core/helm/values-part.ts";
import type { ReadSet } from "#core/source/read-set.ts";
import type { HelperPool } from "./helper-pool.ts";
import { requestOfChart } from "./helm-source.ts";
import type { ChartSource } from "./helm-source.ts";

/** What to pack, and what to change of it. */
export interface HelmPackage {
  readonly chart: ChartSource;
  /** Files of the chart that, merged in order, take the place of its `values.yaml`. */
  readonly chartValuesFiles?: readonly string[];
  /** Leaves out those of them that are not there. */
  readonly ignoreMissing?: boolean;
  /** Values from elsewhere, merged over them. */
  readonly values?: readonly ValuesPart[];
  /** Becomes the build metadata of the version: `1.2.3+<this>`. */
  readonly versionMetadata?: string;
  /** Packed charts for `charts/`: dependencies that were fetched. */
  readonly vendored?: readonly Uint8Array[];
}

/** A packed chart; equal charts give equal bytes. */
export interface HelmPackaged {
  readonly metadata: ChartMetadata;
  readonly archive: Uint8Array;
  readonly readSet: ReadSet;
}

/** Packs a chart as a `.tgz`. @throws UpstreamError when it is no chart, or a values file is missing. */
export async function helmPackage(pool: HelperPool, wanted: HelmPackage, signal: AbortSignal): Promise<HelmPackaged> {
  const { chart, vendored = [], ...rest } = wanted;
  const input = { ...rest, vendored: vendored.map(({ length }) => length) };
  const request = { op: "helm.package", chart, input, attachments: vendored };
  const { result, readSet } = await requestOfChart(pool, request, signal);
  const { metadata, archive } = result as { metadata: ChartMetadata; archive: string };
  return { metadata, archive: Buffer.from(archive, "base64"), readSet };
}
