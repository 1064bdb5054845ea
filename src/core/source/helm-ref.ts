/** What to follow of a chart repository: its index, or one chart in it. */
export type HelmRef = IndexRef | ChartRef;

/** The list of all charts; `value` is the name of its file. */
export interface IndexRef {
  readonly kind: "index";
  readonly value: "index.yaml";
}

/** The highest version of a chart in a range; `value` is the name of the chart. */
export interface ChartRef {
  readonly kind: "chart";
  readonly value: string;
  /** A version or a range of versions. */
  readonly version: string;
  /** What to change of it before it is used; absent: nothing, it stays what its maker packed. */
  readonly repack?: ChartRepack;
}

/** How a chart is packed anew. */
export interface ChartRepack {
  /** Files of the chart that, merged in order, take the place of its `values.yaml`. */
  readonly valuesFiles: readonly string[];
  readonly ignoreMissing: boolean;
  /** Becomes the build metadata of the version. */
  readonly versionMetadata: string;
}

/** A chart among the files of another source, packed here; `value` is its path there. */
export interface ChartPathRef {
  readonly kind: "chart-path";
  readonly value: string;
  /** Files of that source that, merged in order, take the place of the chart's `values.yaml`. */
  readonly valuesFiles: readonly string[];
  readonly ignoreMissing: boolean;
  /** Whether each revision of that source is a new version of the chart; otherwise only a new version of its own is. */
  readonly perRevision: boolean;
  /** Becomes build metadata of the version, after that of the revision; "" for none. */
  readonly versionMetadata: string;
}

/** How a chart was made here. */
export interface PackedChart {
  readonly name: string;
  /** Whether it was packed here rather than taken as it was. */
  readonly isPacked: boolean;
  /** The values files that were merged. */
  readonly valuesFiles: readonly string[];
}

/** Name of the one file that the tree of a chart holds: the chart, packed. */
export const packedChartName = "chart.tgz";
