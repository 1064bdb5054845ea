/** What an OCI source follows; `semver` is a range over tags, of which `filter` (a regular expression) leaves some out. */
export interface OciRef {
  readonly kind: "tag" | "semver" | "digest";
  readonly value: string;
  readonly filter?: string;
}
