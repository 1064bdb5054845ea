import type { ChartRef } from "#core/source/helm-ref.ts";
import { ChartProblem, type ChartTools } from "./chart-tools.ts";
import { HelmError, type HelmErrorCode } from "./helm-error.ts";

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
  tools: ChartTools,
  chart: RawChart,
  signal: AbortSignal,
): Promise<{ readonly version: string; readonly archive: Uint8Array }> {
  const { ref, content, what, version } = chart;
  const found = await told(tools.nameOf(content, signal), "refused-chart", what);
  // The name of a chart in a registry is the last part of a path.
  const name = ref.value.split("/").at(-1);
  if (found !== name) throw new HelmError("refused-chart", `Cannot use ${what}: it holds a chart named '${found}'`);
  if (ref.repack === undefined) return { version, archive: content };
  return await told(tools.repack(content, ref.repack, signal), "values", what);
}

async function told<T>(work: Promise<T>, code: HelmErrorCode, what: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof ChartProblem)) throw error;
    throw new HelmError(code, `Cannot use ${what}: ${error.message}`, { cause: error });
  }
}
