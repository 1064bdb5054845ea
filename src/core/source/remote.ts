/** How the address of a source is spoken to: what sources share, when they share a store and a poll. */
export type Remote = { readonly kind: "git" } | OciRemote;

/** An artifact in an OCI registry. */
export interface OciRemote {
  readonly kind: "oci";
  /** Plain http. */
  readonly insecure: boolean;
  readonly layer: OciLayer;
}

/** Which layer of an artifact holds the files, and whether it is unpacked or is a file itself. */
export interface OciLayer {
  /** Empty: the first layer. */
  readonly mediaType: string;
  readonly operation: "extract" | "copy";
}

/** Where the Secrets stand that a source needs, by what they are for. */
export type SecretRole = "credential" | "certificate" | "proxy";
