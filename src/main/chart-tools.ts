import { ChartProblem, type ChartTools } from "#adapters/helm/chart-tools.ts";
import { helmChart } from "#adapters/upstream/helm-chart.ts";
import { helmIndex } from "#adapters/upstream/helm-index.ts";
import { helmPackage } from "#adapters/upstream/helm-package.ts";
import type { HelperPool } from "#adapters/upstream/helper-pool.ts";
import { UpstreamError } from "#adapters/upstream/upstream-error.ts";

/** Helm's own library as what reads charts; `pool` is asked for when there is something to read. */
export function chartTools(pool: () => HelperPool): ChartTools {
  return {
    choose: async (index, charts, signal) =>
      (await told(async () => await helmIndex(pool(), { index, charts }, signal))).charts,
    nameOf: async (content, signal) => {
      const { metadata } = await told(async () => await helmChart(pool(), { kind: "archive", content }, signal));
      return metadata.name;
    },
    repack: async (content, { valuesFiles, ignoreMissing, versionMetadata }, signal) => {
      const chart = { kind: "archive", content } as const;
      const wanted = { chart, chartValuesFiles: valuesFiles, ignoreMissing, versionMetadata };
      const { metadata, archive } = await told(async () => await helmPackage(pool(), wanted, signal));
      return { version: metadata.version, archive };
    },
  };
}

async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    throw new ChartProblem(error.message, { cause: error });
  }
}
