import type { Resource } from "#core/resource/resource.ts";
import type { SourceSecrets } from "#engine/ports.ts";
import { proxyOfSecret, proxyUrl } from "../http/proxy-secret.ts";
import { secretName } from "../http/secret-entry.ts";
import { type TlsSettings, tlsOfSecret } from "../http/tls-secret.ts";
import { BucketError } from "./bucket-error.ts";

/**
 * How a bucket is connected to: `ca.crt` or `tls.crt` with `tls.key` (`caFile`, `certFile`, `keyFile` of old) of one
 * Secret, and the proxy of another.
 * @throws BucketError `invalid-secret` naming Secret and key, never a value
 */
export function bucketTls({ certificate, proxy }: Pick<SourceSecrets, "certificate" | "proxy">): TlsSettings {
  const tls = certificate
    ? tlsOfSecret(certificate, (problem, cause) => refusedSecret(certificate, problem, cause))
    : {};
  return { ...tls, ...(proxy && { proxy: throughProxy(proxy) }) };
}

function throughProxy(secret: Resource): string {
  return proxyUrl(
    proxyOfSecret(secret, (problem) => {
      const message = `Cannot use Secret ${secretName(secret)} for a proxy: ${problem}`;
      return new BucketError("invalid-secret", message);
    }),
  );
}

/** The error for a Secret that cannot be used; the problem names keys, never a value. */
export function refusedSecret(secret: Resource, problem: string, cause?: unknown): BucketError {
  return new BucketError("invalid-secret", `Cannot use Secret ${secretName(secret)} for a bucket: ${problem}`, {
    cause,
  });
}
