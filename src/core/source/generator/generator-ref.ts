/** What a generator makes of other sources; `value` is where it looks for what to make. */
export interface GeneratorRef<Key = string> {
  readonly kind: "generator";
  /** `@<alias>/<pattern>`: each folder that matches makes every output, with its names filled in; "" for no such thing. */
  readonly value: string;
  readonly inputs: readonly GeneratorInput<Key>[];
  readonly outputs: readonly GeneratorOutput[];
  /** Digests of the contents that were told of last, by name: what may be used while nothing new is made. */
  readonly recorded: Readonly<Record<string, string>>;
}

/** One of the artifacts of a generator, `value`: a source of its own. */
export interface OutputRef {
  readonly kind: "output";
  readonly value: string;
  /** Where it was served last, for as long as the generator cannot make it; null: nowhere. */
  readonly served: { readonly url: string; readonly digest: string; readonly revision: string } | null;
}

/** A source that a generator reads, and what it is called there. */
export interface GeneratorInput<Key> {
  readonly alias: string;
  readonly source: Key;
}

/** How an artifact is made; names in braces are filled in. */
export interface GeneratorOutput {
  readonly name: string;
  /** The input whose revision is its revision; null: its content is. */
  readonly revisionOf: string | null;
  /** The input whose revision is told of besides; null: none. */
  readonly originOf: string | null;
  readonly copies: readonly CopyStep[];
}

/** Copies files of an input; names in braces are filled in. */
export interface CopyStep {
  /** `@<alias>/<pattern>`. */
  readonly from: string;
  /** `@artifact/<path>`; one that ends in a slash is a folder. */
  readonly to: string;
  readonly exclude: readonly string[];
  /** What happens to a file that is there already; `extract` unpacks archives. */
  readonly strategy: "overwrite" | "merge" | "extract";
}
