/** Something that may be done to an object. */
export interface ActionView {
  readonly name: string;
  /** What people read in place of the name; null: the name. */
  readonly displayName: string | null;
  /** It means nothing for the object as it is now. */
  readonly disabled: boolean;
  readonly params: readonly { readonly name: string; readonly default: string | null }[];
}

/** What an action did, or would do. */
export interface ActionRunView {
  readonly action: string;
  readonly changes: readonly { readonly operation: "create" | "patch"; readonly id: string }[];
}
