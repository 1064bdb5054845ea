import type { ChartDependency } from "#core/helm/release.ts";
import type { ValuesPart } from "#core/helm/values-part.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import type { ChartRepack } from "#core/source/helm-ref.ts";
import type { ReadSet } from "#core/source/read-set.ts";

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

/** The files of a chart: packed, or in a folder of a tree. */
export type ChartFiles =
  | { readonly kind: "archive"; readonly content: Uint8Array }
  | { readonly kind: "directory"; readonly tree: FileTree; readonly path: string };

/** What a chart says of itself. */
export interface ChartDescription {
  readonly name: string;
  readonly version: string;
  /** What it needs and does not hold, as its lock has it where there is one. */
  readonly missing: readonly ChartDependency[];
  readonly readSet: ReadSet;
}

/** What to change of a chart before it is packed. */
export interface ChartChanges {
  /** Take the place of its values when there are any. */
  readonly values: readonly ValuesPart[];
  /** Becomes the build metadata of the version; "" for none. */
  readonly versionMetadata: string;
  /** Packed charts for its `charts/`. */
  readonly vendored: readonly Uint8Array[];
}

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
  describe(chart: ChartFiles, signal: AbortSignal): Promise<ChartDescription>;
  /** Packs a chart; equal charts give equal bytes. */
  pack(
    chart: ChartFiles,
    changes: ChartChanges,
    signal: AbortSignal,
  ): Promise<{ readonly version: string; readonly archive: Uint8Array }>;
  /** A file of a tree, links followed; null when there is none. */
  file(
    tree: FileTree,
    path: string,
    signal: AbortSignal,
  ): Promise<{ readonly content: Uint8Array | null; readonly readSet: ReadSet }>;
}

/** Thrown for an index or a chart that is none, or not as it is wanted; the message quotes no content. */
export class ChartProblem extends Error {
  override readonly name = "ChartProblem";
  /** Whether it is the values that cannot be used. */
  readonly isOfValues: boolean;

  constructor(message: string, options: ErrorOptions & { isOfValues?: boolean } = {}) {
    super(message, options);
    this.isOfValues = options.isOfValues ?? false;
  }
}
