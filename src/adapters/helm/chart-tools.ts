import type { ChartRepack } from "#core/source/helm-ref.ts";

/** What an index says of a chart that was asked for: the chosen version, or why there is none. */
export type ChartChoice =
  | {
      readonly version: string;
      /** As the index tells them: absolute, or relative to the index. */
      readonly urls: readonly string[];
      readonly digest?: string;
    }
  | {
      readonly code: "no-chart" | "no-version" | "invalid-version";
      readonly message: string;
      /** Names like the one that the index does not hold. */
      readonly near?: readonly string[];
    };

/** What reads indexes and charts as Helm does. Whatever is not what it should be is a ChartProblem. */
export interface ChartTools {
  /** The answer for each chart, in the order in which they were asked for. */
  choose(
    index: Uint8Array,
    charts: readonly { readonly name: string; readonly version: string }[],
    signal: AbortSignal,
  ): Promise<readonly ChartChoice[]>;
  /** The name that a packed chart has. */
  nameOf(archive: Uint8Array, signal: AbortSignal): Promise<string>;
  /** Packs a chart anew; equal charts give equal bytes. */
  repack(
    archive: Uint8Array,
    repack: ChartRepack,
    signal: AbortSignal,
  ): Promise<{ readonly version: string; readonly archive: Uint8Array }>;
}

/** Thrown for an index or a chart that is none, or not as it is wanted; the message quotes no content. */
export class ChartProblem extends Error {
  override readonly name = "ChartProblem";
}
