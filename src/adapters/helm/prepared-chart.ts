import type { ChartRef } from "#core/source/helm-ref.ts";
import { helmChart } from "../upstream/helm-chart.ts";
import { helmPackage } from "../upstream/helm-package.ts";
import type { HelperPool } from "../upstream/helper-pool.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import { HelmError } from "./helm-error.ts";
import type { HelmErrorCode } from "./helm-error.ts";

/** A chart as it came. */
export interface RawChart {
  readonly ref: ChartRef;
  readonly content: Uint8Array;
  /** As it reads after "Cannot use". */
  readonly what: string;
  readonly version: string;
}

/** Reads a chart that came, holds it to the name that was asked for, and packs it anew where that is wanted. @throws HelmError */
export async function preparedChart(
  pool: HelperPool,
  chart: RawChart,
  signal: AbortSignal,
): Promise<{ readonly version: string; readonly archive: Uint8Array }> {
  const { ref, content, what, version } = chart;
  const archive = { kind: "archive", content } as const;
  const { metadata } = await told(helmChart(pool, archive, signal), "refused-chart", what);
  // The name of a chart in a registry is the last part of a path.
  const name = ref.value.split("/").at(-1);
  if (metadata.name !== name) {
    throw new HelmError("refused-chart", `Cannot use ${what}: it holds a chart named '${metadata.name}'`);
  }
  if (ref.repack === undefined) return { version, archive: content };
  const { valuesFiles: chartValuesFiles, ignoreMissing, versionMetadata } = ref.repack;
  const wanted = { chart: archive, chartValuesFiles, ignoreMissing, versionMetadata };
  const packed = await told(helmPackage(pool, wanted, signal), "values", what);
  return { version: packed.metadata.version, archive: packed.archive };
}

async function told<T>(work: Promise<T>, code: HelmErrorCode, what: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    throw new HelmError(code, `Cannot use ${what}: ${error.message}`, { cause: error });
  }
}
