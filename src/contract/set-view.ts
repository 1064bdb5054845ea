/** A set of apps as commands show it. */
export interface SetView {
  /** Address on the command line, e.g. `appset/argocd/shops`. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly state: "New" | "Ready" | "Failed" | "Held";
  /** How many apps it has. */
  readonly apps: number;
  readonly message: string;
  /** RFC 3339; "" when unknown. */
  readonly createdAt: string;
}

/** What a set would do to its apps. */
export interface SetPreview {
  readonly set: string;
  readonly created: readonly string[];
  /** Names, with the fields that would change. */
  readonly updated: readonly { readonly name: string; readonly fields: readonly string[] }[];
  readonly deleted: readonly string[];
  /** Deletions that would wait for a person, and why; null: none. */
  readonly held: { readonly reason: string; readonly names: readonly string[] } | null;
  /** What cannot be used of that which it makes. */
  readonly problems: readonly string[];
}
