import { createSecureContext } from "node:tls";
import type { Resource } from "#core/resource/resource.ts";
import { secretEntry } from "./secret-entry.ts";

/** Whom a TLS connection trusts besides the well-known authorities, what it shows of itself, and what it goes through. */
export interface TlsSettings {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Address of a proxy with user and password; without it the environment says. */
  readonly proxy?: string;
  /** Any certificate is accepted. */
  readonly unverified?: true;
}

/** The error for a Secret that cannot be used; the problem names keys, never a value. */
export type RefuseSecret = (problem: string, cause?: unknown) => Error;

/**
 * Reads `ca.crt`, `tls.crt` and `tls.key` of a Secret (`caFile`, `certFile`, `keyFile` of old).
 * @throws what `refuse` makes of the problem
 */
export function tlsOfSecret(secret: Resource, refuse: RefuseSecret): TlsSettings {
  const ca = secretEntry(secret, "ca.crt") ?? secretEntry(secret, "caFile");
  const cert = secretEntry(secret, "tls.crt") ?? secretEntry(secret, "certFile");
  const key = secretEntry(secret, "tls.key") ?? secretEntry(secret, "keyFile");
  if ((cert === undefined) !== (key === undefined)) throw refuse("`tls.crt` and `tls.key` belong together");
  if (ca === undefined && cert === undefined) throw refuse("it has neither `ca.crt` nor `tls.crt` and `tls.key`");
  if (ca !== undefined) {
    const problem = "`ca.crt` is no certificate in PEM form";
    if (!ca.includes("-----BEGIN CERTIFICATE-----")) throw refuse(problem);
    mustLoad({ ca }, () => refuse(problem));
  }
  const pair = cert === undefined || key === undefined ? {} : { cert, key };
  mustLoad(pair, (cause) => refuse("`tls.crt` and `tls.key` are no certificate and its key in PEM form", cause));
  return { ...(ca === undefined ? {} : { ca }), ...pair };
}

function mustLoad(tls: TlsSettings, refuse: (cause: unknown) => Error): void {
  try {
    createSecureContext(tls);
  } catch (cause) {
    throw refuse(cause);
  }
}
