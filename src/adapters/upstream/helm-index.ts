import type { ChartMetadata } from "#core/helm/release.ts";
import type { HelperPool } from "./helper-pool.ts";
import { noFiles } from "./no-files.ts";

/** A chart by name and by version or range; without one the newest that is no pre-release. */
export interface WantedChart {
  readonly name: string;
  readonly version?: string;
}

/** The chosen version of a chart. */
export interface ChosenChart {
  readonly name: string;
  readonly version: string;
  /** As the index tells them: absolute, or relative to the index. */
  readonly urls: readonly string[];
  readonly digest?: string;
  readonly created?: string;
  readonly metadata: ChartMetadata;
}

/** Why no version of a chart was chosen. */
export interface NoChart {
  readonly name: string;
  readonly code: "no-chart" | "no-version" | "invalid-version";
  readonly message: string;
  /** Names like the one that the index does not hold. */
  readonly near?: readonly string[];
}

/** What an index answered, in the order in which it was asked. */
export interface IndexAnswer {
  readonly charts: readonly (ChosenChart | NoChart)[];
  /** How many charts the index holds. */
  readonly count: number;
}

/** Chooses versions from the index of a chart repository, in YAML or JSON. @throws UpstreamError when it is none. */
export async function helmIndex(
  pool: HelperPool,
  asked: { readonly index: Uint8Array; readonly charts: readonly WantedChart[] },
  signal: AbortSignal,
): Promise<IndexAnswer> {
  const { index, charts } = asked;
  const request = { op: "helm.index", input: { charts }, attachments: [index], answer: noFiles };
  return (await pool.request(request, signal)) as IndexAnswer;
}
