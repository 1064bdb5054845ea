import type { SignerIdentity } from "./source.ts";

/** An artifact and all that a registry holds of its signatures. */
export interface ArtifactSignatures {
  /** Registry and repository. */
  readonly repository: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  /** Signatures with all that proves them. */
  readonly bundles: readonly Uint8Array[];
  /** Texts that name the artifact, with what their makers noted. */
  readonly payloads: readonly {
    readonly payload: Uint8Array;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
  readonly envelopes: readonly { readonly mediaType: string; readonly content: Uint8Array }[];
}

/** Whom to trust: entries of a Secret in base64, or identities that a trusted root knows, in base64 too. */
export interface ArtifactTrust {
  readonly provider: "cosign" | "notation";
  readonly keys: Readonly<Record<string, string>>;
  readonly identities: readonly SignerIdentity[];
  readonly trustedRoot: string;
}
