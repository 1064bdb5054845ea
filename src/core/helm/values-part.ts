/**
 * One source of a release's values; of several the later ones win: maps are merged, everything else is replaced, and a
 * null deletes what the chart sets by default. `name` is what errors call it.
 */
export type ValuesPart =
  | { readonly name?: string; readonly yaml: string }
  | { readonly name?: string; readonly object: Readonly<Record<string, unknown>> }
  | { readonly name?: string; readonly set: ValueAtPath };

/** A value for a path that is written as for Helm's `--set` and its relatives. */
export interface ValueAtPath {
  readonly path: string;
  readonly value: string;
  /** Which of them: `--set`, `--set-string`, `--set-literal`, `--set-json`, or `--set-file` with the file's content. */
  readonly as: "typed" | "string" | "literal" | "json" | "file";
}

/** A referenced value for a target path: quotes around it make it a string, `literal` takes it as it is. */
export function valueAtPath(path: string, value: string, literal: boolean): ValueAtPath {
  // The path keeps its escapes, which --set-literal would not.
  if (literal) return { path, value, as: "file" };
  const isQuoted = ["'", '"'].some((quote) => value.startsWith(quote) && value.endsWith(quote));
  if (!isQuoted) return { path, value, as: "typed" };
  return { path, value: value.replace(/^['"]+|['"]+$/g, ""), as: "string" };
}
