import type { Dispatcher } from "undici";
import type { BucketRemote } from "#core/source/remote.ts";
import type { CloudIdentity } from "#engine/cloud-identity.ts";
import type { SourceSecrets } from "#engine/ports.ts";
import type { KeptTokens } from "../cloud/kept-tokens.ts";
import { secretDigest } from "../cloud/secret-digest.ts";
import type { TlsWires } from "../http/tls-wires.ts";
import type { BucketAddress } from "./bucket-address.ts";

/** Who asks for a bucket, and what gives tokens for that. */
export interface BucketCaller {
  readonly address: BucketAddress;
  readonly remote: BucketRemote;
  readonly secrets: SourceSecrets;
  /** Address of a proxy with user and password; absent: the environment says. */
  readonly proxy?: string | undefined;
  readonly cloud: CloudIdentity;
  readonly kept: KeptTokens;
  readonly wires: TlsWires<Dispatcher>;
}

/** Asks for what ends only when none is kept for the same secrets. */
export function keptFor<T extends { readonly expiresAt: number | null }>(
  { kept, proxy }: BucketCaller,
  secrets: unknown,
  ask: (signal: AbortSignal) => Promise<T>,
): (signal: AbortSignal) => Promise<T> {
  const key = secretDigest([secrets, proxy]);
  return (signal) => kept.get(key, ask, signal);
}
