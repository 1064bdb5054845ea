import { createSecureContext } from "node:tls";
import type { Resource } from "#core/resource/resource.ts";
import type { SourceSecrets } from "#engine/ports.ts";
import { HelmError } from "./helm-error.ts";

/** Whom a TLS connection trusts besides the well-known authorities, and what it shows of itself. */
export interface RepositoryTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Everything that Secrets say of a chart repository. */
export interface RepositoryAccess {
  /** The value of the header that proves who asks. */
  readonly authorization: string | undefined;
  readonly tls: RepositoryTls;
}

/**
 * Reads `username` and `password` of one Secret, and `ca.crt` or `tls.crt` with `tls.key` (`caFile`, `certFile`, `keyFile`
 * of old) of the other or, as long ago, of the same.
 * @throws HelmError `invalid-secret` naming Secret and key, never a value
 */
export function repositoryAccess({ credential, certificate }: SourceSecrets): RepositoryAccess {
  const own = credential && tlsOf(credential);
  const tls = certificate ? tlsOf(certificate) : own;
  if (certificate && !tls) throw refused(certificate, "it has neither `ca.crt` nor `tls.crt` and `tls.key`");
  return { authorization: credential && authorizationOf(credential, own !== undefined), tls: tls ?? {} };
}

function authorizationOf(secret: Resource, hasCertificates: boolean): string | undefined {
  const username = decoded(secret, "username");
  const password = decoded(secret, "password");
  if (username === undefined && password === undefined && hasCertificates) return undefined;
  if (username === undefined || password === undefined) {
    throw refused(secret, "it needs `username` and `password`");
  }
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function tlsOf(secret: Resource): RepositoryTls | undefined {
  const ca = decoded(secret, "ca.crt") ?? decoded(secret, "caFile");
  const cert = decoded(secret, "tls.crt") ?? decoded(secret, "certFile");
  const key = decoded(secret, "tls.key") ?? decoded(secret, "keyFile");
  if ((cert === undefined) !== (key === undefined)) throw refused(secret, "`tls.crt` and `tls.key` belong together");
  if (ca === undefined && cert === undefined) return undefined;
  if (ca !== undefined) {
    const problem = "`ca.crt` is no certificate in PEM form";
    if (!ca.includes("-----BEGIN CERTIFICATE-----")) throw refused(secret, problem);
    mustLoad(secret, problem, { ca });
  }
  const pair = cert === undefined || key === undefined ? {} : { cert, key };
  mustLoad(secret, "`tls.crt` and `tls.key` are no certificate and its key in PEM form", pair);
  return { ...(ca === undefined ? {} : { ca }), ...pair };
}

function mustLoad(secret: Resource, problem: string, tls: RepositoryTls): void {
  try {
    createSecureContext(tls);
  } catch (cause) {
    throw refused(secret, problem, cause);
  }
}

function refused({ metadata }: Resource, problem: string, cause?: unknown): HelmError {
  const name = `${metadata.namespace ?? ""}/${metadata.name}`;
  return new HelmError("invalid-secret", `Cannot use Secret ${name} for a chart repository: ${problem}`, { cause });
}

function decoded(secret: Resource, key: string): string | undefined {
  const data = secret["data"] as Record<string, string> | undefined;
  const value = data?.[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString("utf8");
}
