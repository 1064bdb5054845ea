import { createSecureContext } from "node:tls";
import type { Resource } from "#core/resource/resource.ts";
import type { SourceSecrets } from "#engine/ports.ts";
import { BucketError } from "./bucket-error.ts";
import type { AccessKeys } from "./sign-request.ts";

/** Whom a TLS connection trusts besides the well-known authorities, and what it shows of itself. */
export interface BucketTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Everything that Secrets say of a bucket; without keys it is read as anybody would. */
export interface BucketAccess {
  readonly keys: AccessKeys | null;
  readonly tls: BucketTls;
}

/**
 * Reads `accesskey` and `secretkey` of one Secret, and `ca.crt` or `tls.crt` with `tls.key` (`caFile`, `certFile`,
 * `keyFile` of old) of the other.
 * @throws BucketError `invalid-secret` naming Secret and key, never a value
 */
export function bucketAccess({ credential, certificate }: SourceSecrets): BucketAccess {
  return { keys: credential ? keysOf(credential) : null, tls: certificate ? tlsOf(certificate) : {} };
}

function keysOf(secret: Resource): AccessKeys {
  const id = decoded(secret, "accesskey")?.trim() ?? "";
  const key = decoded(secret, "secretkey")?.trim() ?? "";
  if (id === "" || key === "") throw refused(secret, "it needs `accesskey` and `secretkey`");
  // It stands in a header.
  if (!/^[\x21-\x7e]{1,256}$/.test(id) || /[,/]/.test(id)) throw refused(secret, "`accesskey` is no access key");
  return { id, key };
}

function tlsOf(secret: Resource): BucketTls {
  const ca = decoded(secret, "ca.crt") ?? decoded(secret, "caFile");
  const cert = decoded(secret, "tls.crt") ?? decoded(secret, "certFile");
  const key = decoded(secret, "tls.key") ?? decoded(secret, "keyFile");
  if ((cert === undefined) !== (key === undefined)) throw refused(secret, "`tls.crt` and `tls.key` belong together");
  if (ca === undefined && cert === undefined) {
    throw refused(secret, "it has neither `ca.crt` nor `tls.crt` and `tls.key`");
  }
  if (ca !== undefined) {
    const problem = "`ca.crt` is no certificate in PEM form";
    if (!ca.includes("-----BEGIN CERTIFICATE-----")) throw refused(secret, problem);
    mustLoad(secret, problem, { ca });
  }
  const pair = cert === undefined || key === undefined ? {} : { cert, key };
  mustLoad(secret, "`tls.crt` and `tls.key` are no certificate and its key in PEM form", pair);
  return { ...(ca === undefined ? {} : { ca }), ...pair };
}

function mustLoad(secret: Resource, problem: string, tls: BucketTls): void {
  try {
    createSecureContext(tls);
  } catch (cause) {
    throw refused(secret, problem, cause);
  }
}

function refused({ metadata }: Resource, problem: string, cause?: unknown): BucketError {
  const name = `${metadata.namespace ?? ""}/${metadata.name}`;
  return new BucketError("invalid-secret", `Cannot use Secret ${name} for a bucket: ${problem}`, { cause });
}

function decoded(secret: Resource, key: string): string | undefined {
  const data = secret["data"] as Record<string, string> | undefined;
  const value = data?.[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString("utf8");
}
