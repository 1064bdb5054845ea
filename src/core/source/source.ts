import type { Resource } from "#core/resource/resource.ts";
import type { GeneratorRef, OutputRef } from "./generator/generator-ref.ts";
import type { GitRef } from "./git-ref.ts";
import type { ChartPathRef, HelmRef, PackedChart } from "./helm-ref.ts";
import type { OciRef } from "./oci-ref.ts";
import type { Remote, SecretRole } from "./remote.ts";

/** Names a source: an object (`GitRepository/ns/name`) or an inline repository and ref (`git:<url>#<ref>`). */
export type SourceKey = string & { readonly __brand: "SourceKey" };

/** The key of a source that is an object. */
export function sourceObjectKey(kind: string, namespace: string, name: string): SourceKey {
  return `${kind}/${namespace}/${name}` as SourceKey;
}

/** Address of a Kubernetes object together with the identity it had when it was read. */
export interface ObjectAddress {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
}

/** Name of a namespaced object of a known kind. */
export interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

/** What a source follows; the kind of its remote says whose words these are. */
export type SourceRef =
  GitRef | OciRef | BucketRef | FileRef | ArtifactRef | HelmRef | ChartPathRef | GeneratorRef<SourceKey> | OutputRef;

/** All that a bucket holds at a time, which is the only thing to follow there; `value` is its name, and the prefix of its keys. */
export interface BucketRef {
  readonly kind: "bucket";
  readonly value: string;
}

/** What is at an address, which is the only thing to follow there. */
export interface FileRef {
  readonly kind: "file";
  readonly value: string;
}

/** An artifact that somebody else made and told of, which is the only thing to follow there; `value` is its digest. */
export interface ArtifactRef {
  readonly kind: "artifact";
  readonly value: string;
  readonly url: string;
  /** What its maker calls it. */
  readonly revision: string;
  /** What it was made from, in the terms of that; "" for nothing that its maker tells of. */
  readonly origin: string;
}

/** Secrets that stand nowhere as they are used, in the keys that sources read; what they hold shows in no text of theirs. */
export interface HeldSecrets {
  /** Names what they were made of, and its versions: never what it says. */
  readonly version: string;
  readonly open: () => Readonly<Partial<Record<SecretRole, Resource>>>;
}

/** A repository and ref to follow. */
export interface Source {
  readonly key: SourceKey;
  readonly url: string;
  readonly remote: Remote;
  readonly ref: SourceRef;
  /** The source that this one is made from, and what people call it; absent: it has a remote of its own. */
  readonly origin?: { readonly source: SourceKey; readonly name: string };
  readonly secrets: Readonly<Partial<Record<SecretRole, ObjectName>>>;
  /** Secrets that were put together for it, over those that it names; absent: none. */
  readonly held?: HeldSecrets;
  /** The service account whose pull secrets a registry is shown, and whom a cloud is asked as; absent: none. */
  readonly account?: ObjectName;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Ignore rules in gitignore grammar that hide files from every consumer; null: the defaults; undefined: none at all. */
  readonly ignore: string | null | undefined;
  /** Beginnings of the paths that consumers see; absent: they see all. */
  readonly sparse?: readonly string[];
  /** Parts of other sources that consumers see besides, in this order; absent: none. */
  readonly includes?: readonly SourceInclude[];
  /** Who must have signed what is used; absent: anybody may have written it. */
  readonly verification?: Verification;
  readonly suspended: boolean;
  /** It only tells others where things are, and is never asked for anything itself. */
  readonly isPassive?: true;
  /** The object that gets a status of its own, or null for sources that live inside an app. */
  readonly object: ObjectAddress | null;
  /** The revision that a status told of last: used while nobody may or can ask the remote, e.g. after a restart. */
  readonly recorded: Revision | null;
  /** A person's request to look now; a new token is a new request. */
  readonly requestToken: string | null;
}

/** A part of another source that is shown in this one. */
export interface SourceInclude {
  readonly source: SourceKey;
  /** What people call that source here. */
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

/** Who must have signed what is used. */
export type Verification = CommitVerification | ArtifactVerification;

/** What of a commit must be signed: itself, the tag that names it, or both; and the Secret with the keys. */
export interface CommitVerification {
  readonly commit: boolean;
  readonly tag: boolean;
  /** Of a revision that an annotated tag names, that tag in place of the commit. */
  readonly tagFirst?: true;
  readonly keys: ObjectName;
  /** What stands in for that Secret, and the version of it; absent: it is read. */
  readonly held?: { readonly version: string; readonly open: () => Resource };
}

/**
 * How an artifact must be signed, and by one of which keys; without keys by one of the identities, as the authorities and
 * logs of the trusted root know them.
 */
export interface ArtifactVerification {
  readonly provider: "cosign" | "notation";
  readonly keys: ObjectName | null;
  readonly trustedRoot: ObjectName | null;
  readonly identities: readonly SignerIdentity[];
}

/** Regular expressions for who signed, and for who vouches for that. */
export interface SignerIdentity {
  readonly issuer: string;
  readonly subject: string;
}

/** A signed object and the key that signed it. */
export interface VerifiedObject {
  readonly what: "commit" | "tag" | "artifact";
  readonly name: string;
  readonly key: string;
}

/** A commit that a source was resolved to. */
export interface Revision {
  /** What the dialects write, e.g. `main@sha1:<hash>`. */
  readonly text: string;
  readonly commit: string;
  /** Full ref name, when there is one. */
  readonly refName: string | null;
  /** What each of several sources is at, where it stands for all of them. */
  readonly parts?: readonly string[];
  /** What it was made from, in the terms of that. */
  readonly origin?: string;
  /** What its maker noted with it. */
  readonly notes?: Readonly<Record<string, string>>;
  /** How the chart that it stands for was made, when it was made here. */
  readonly chart?: PackedChart;
}
