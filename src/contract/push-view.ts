/** An artifact that a registry has now. */
export interface PushView {
  /** `oci://HOST/REPOSITORY@DIGEST` */
  readonly artifact: string;
  readonly tag: string;
  readonly digest: string;
  readonly files: number;
  /** Links that were left out. */
  readonly left: readonly string[];
}
