/** What an expression names in a document: JSON pointers; or why the expression can be used nowhere. */
export type FoundFields = { readonly pointers: readonly string[] } | { readonly unusable: string };

/** Finds the fields that expressions name. */
export interface FieldFinder {
  /** For each document one answer for each of its expressions, in their order. One that does not fit names nothing. */
  find(
    asked: readonly { readonly document: unknown; readonly queries: readonly string[] }[],
    signal: AbortSignal,
  ): Promise<readonly (readonly FoundFields[])[]>;
}
