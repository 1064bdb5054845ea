import type { ChartDependency, ChartMetadata } from "#core/helm/release.ts";
import type { ReadSet } from "#core/source/read-set.ts";
import type { HelperPool } from "./helper-pool.ts";
import { requestOfChart } from "./helm-source.ts";
import type { ChartSource } from "./helm-source.ts";

/** What a chart says of itself. */
export interface HelmChartDescription {
  readonly metadata: ChartMetadata;
  readonly values: Readonly<Record<string, unknown>> | null;
  readonly hasSchema: boolean;
  /** What it needs, each with the version that lies in `charts/`, if one does. */
  readonly dependencies: readonly (ChartDependency & { readonly vendored?: string })[];
  readonly lock: {
    readonly generated: string;
    readonly digest: string;
    readonly dependencies: readonly ChartDependency[];
  } | null;
  /** All its files, sorted, but what `.helmignore` leaves out. */
  readonly files: readonly string[];
  readonly readSet: ReadSet;
}

/** Describes a chart without rendering it. @throws UpstreamError when it is none. */
export async function helmChart(
  pool: HelperPool,
  chart: ChartSource,
  signal: AbortSignal,
): Promise<HelmChartDescription> {
  const { result, readSet } = await requestOfChart(pool, { op: "helm.chart", chart, input: {} }, signal);
  return { ...(result as Omit<HelmChartDescription, "readSet">), readSet };
}
