import type { Resource } from "#core/resource/resource.ts";
import type { SourceSecrets } from "#engine/ports.ts";
import { proxyOfSecret, proxyUrl } from "../http/proxy-secret.ts";
import { secretEntry, secretName } from "../http/secret-entry.ts";
import { type TlsSettings, tlsOfSecret } from "../http/tls-secret.ts";
import { BucketError } from "./bucket-error.ts";
import type { AccessKeys } from "./sign-request.ts";

/** Everything that Secrets say of a bucket; without keys it is read as anybody would. */
export interface BucketAccess {
  readonly keys: AccessKeys | null;
  readonly tls: TlsSettings;
}

/**
 * Reads `accesskey` and `secretkey` of one Secret, and `ca.crt` or `tls.crt` with `tls.key` (`caFile`, `certFile`,
 * `keyFile` of old) of the other.
 * @throws BucketError `invalid-secret` naming Secret and key, never a value
 */
export function bucketAccess({ credential, certificate, proxy }: SourceSecrets): BucketAccess {
  const tls = certificate ? tlsOfSecret(certificate, (problem, cause) => refused(certificate, problem, cause)) : {};
  return {
    keys: credential ? keysOf(credential) : null,
    tls: { ...tls, ...(proxy && { proxy: throughProxy(proxy) }) },
  };
}

function throughProxy(secret: Resource): string {
  return proxyUrl(
    proxyOfSecret(secret, (problem) => {
      const message = `Cannot use Secret ${secretName(secret)} for a proxy: ${problem}`;
      return new BucketError("invalid-secret", message);
    }),
  );
}

function keysOf(secret: Resource): AccessKeys {
  const id = secretEntry(secret, "accesskey")?.trim() ?? "";
  const key = secretEntry(secret, "secretkey")?.trim() ?? "";
  if (id === "" || key === "") throw refused(secret, "it needs `accesskey` and `secretkey`");
  // It stands in a header.
  if (!/^[\x21-\x7e]{1,256}$/.test(id) || /[,/]/.test(id)) throw refused(secret, "`accesskey` is no access key");
  return { id, key };
}

function refused(secret: Resource, problem: string, cause?: unknown): BucketError {
  return new BucketError("invalid-secret", `Cannot use Secret ${secretName(secret)} for a bucket: ${problem}`, {
    cause,
  });
}
