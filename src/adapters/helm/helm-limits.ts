/** Sizes that a chart repository may reach before it is refused, and how much of the past is kept. */
export interface HelmLimits {
  readonly maxIndexBytes: number;
  readonly maxChartBytes: number;
  /** How many charts are kept besides those that are followed. */
  readonly keptCharts: number;
}

/** What applies unless something else is said. */
export const defaultHelmLimits: HelmLimits = { maxIndexBytes: 50 << 20, maxChartBytes: 10 << 20, keptCharts: 32 };
