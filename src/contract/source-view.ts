/** A source object as commands and the API show it. */
export interface SourceView {
  /** Address on the command line, e.g. `gitrepo/flux-system/shop`. */
  readonly key: string;
  readonly dialect: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly url: string;
  readonly ref: string;
  readonly state: "New" | "Ready" | "Failed" | "Suspended";
  readonly revision: string;
  readonly message: string;
  /** RFC 3339; "" when unknown. */
  readonly createdAt: string;
}
