import { ChartProblem, type ChartTools } from "#adapters/helm/chart-tools.ts";
import { helmChart, type HelmChartDescription } from "#adapters/upstream/helm-chart.ts";
import { helmIndex } from "#adapters/upstream/helm-index.ts";
import { helmPackage } from "#adapters/upstream/helm-package.ts";
import type { HelperPool } from "#adapters/upstream/helper-pool.ts";
import { RecordingTree } from "#adapters/upstream/recording-tree.ts";
import { UpstreamError } from "#adapters/upstream/upstream-error.ts";
import type { ChartDependency } from "#core/helm/release.ts";

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
    describe: async (chart, signal) => {
      const found = await told(async () => await helmChart(pool(), chart, signal));
      const { metadata, dependencies, lock, readSet } = found;
      return { name: metadata.name, version: metadata.version, missing: missingOf({ dependencies, lock }), readSet };
    },
    pack: async (chart, { versionMetadata, ...changes }, signal) => {
      const wanted = { chart, ...changes, ...(versionMetadata !== "" && { versionMetadata }) };
      const { metadata, archive } = await told(async () => await helmPackage(pool(), wanted, signal));
      return { version: metadata.version, archive };
    },
    file: async (tree, path, signal) => {
      const files = new RecordingTree(tree);
      const { content } = await told(async () => await files.read(path, signal));
      return { content: content ?? null, readSet: files.readSet() };
    },
  };
}

/** A lock says which version of each is meant, and of which repository. */
function missingOf({
  dependencies,
  lock,
}: Pick<HelmChartDescription, "dependencies" | "lock">): readonly ChartDependency[] {
  const vendored = new Set(dependencies.flatMap((one) => (one.vendored === undefined ? [] : [one.name])));
  return (lock?.dependencies ?? dependencies).filter(({ name }) => !vendored.has(name));
}

async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    throw new ChartProblem(error.message, { cause: error, isOfValues: error.code === "invalid-values" });
  }
}
