/** How the address of a source is spoken to: what sources share, when they share a store and a poll. */
export type Remote = GitRemote | OciRemote | BucketRemote | HelmRemote | FileRemote | ArtifactRemote | DerivedRemote;

/** A Git repository. */
export interface GitRemote {
  readonly kind: "git";
  /** Whether the files of submodules are among those of a commit. */
  readonly submodules?: true;
  /** Whether files that are kept outside of the repository are among them, instead of the pointers to them. */
  readonly lfs?: true;
  /** Whether the credential is that of an app at GitHub, which gets tokens for it. */
  readonly githubApp?: true;
  /** Whether the credential is the key of an account of Google's, which gets tokens for it. */
  readonly gcpKey?: true;
  /** Who vouches for who asks; absent: the credential alone. */
  readonly cloud?: Exclude<Cloud, "gcp">;
  /** Any certificate and any host key of the server is accepted. */
  readonly unverified?: true;
}

/** Who vouches for who asks a server of theirs, in place of a credential. */
export type Cloud = "aws" | "azure" | "gcp";

/** An artifact in an OCI registry. */
export interface OciRemote {
  readonly kind: "oci";
  /** Plain http. */
  readonly insecure: boolean;
  readonly layer: OciLayer;
  /** Who vouches for who asks; absent: the credential alone. */
  readonly cloud?: Cloud;
  /** Any certificate of the server is accepted. */
  readonly unverified?: true;
}

/** Which layer of an artifact holds the files, and whether it is unpacked or is a file itself. */
export interface OciLayer {
  /** Empty: the first layer. */
  readonly mediaType: string;
  readonly operation: "extract" | "copy";
}

/** Name of the one file that a layer becomes when it is copied instead of unpacked. */
export const copiedLayerName = "layer";

/** The objects of a bucket. */
export interface BucketRemote {
  readonly kind: "bucket";
  /** Whose storage it is and who vouches for who asks without a credential; absent: any server of S3's protocol. */
  readonly cloud?: Cloud;
  /** Who lends keys; absent: Amazon itself. */
  readonly sts?: TokenService;
  readonly bucket: string;
  /** Only keys that begin with it count; "" for all. */
  readonly prefix: string;
  /** Empty: the server's own. */
  readonly region: string;
  /** Plain http. */
  readonly insecure: boolean;
  /** Rules that hide objects, as of the source: what is hidden is not fetched and is no part of the revision. */
  readonly ignore: string | null;
}

/** Lends keys for a user of a directory and the password, or for whom Amazon knows. */
export interface TokenService {
  readonly kind: "ldap" | "aws";
  readonly endpoint: string;
}

/** Charts: of a repository with an index over http, or, where the address is `oci://…`, the one chart of an OCI repository. */
export interface HelmRemote {
  readonly kind: "helm";
  /** Whether credentials go to other hosts too, where the index names them. */
  readonly passCredentials: boolean;
  /** Plain http to a registry. */
  readonly insecure: boolean;
  /** Who vouches for who asks a registry; absent: the credential alone. */
  readonly cloud?: Cloud;
  /** Any certificate of the server is accepted. */
  readonly unverified?: true;
}

/** One file over http. */
export interface FileRemote {
  readonly kind: "file";
}

/** Artifacts that somebody else makes, and tells of by url and digest. */
export interface ArtifactRemote {
  readonly kind: "artifact";
}

/** No address of its own: what the source has is made from the files of another one. */
export interface DerivedRemote {
  readonly kind: "derived";
}

/** Where the Secrets stand that a source needs, by what they are for. */
export type SecretRole = "credential" | "certificate" | "proxy" | "stsCredential" | "stsCertificate";
