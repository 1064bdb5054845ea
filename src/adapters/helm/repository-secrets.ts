import type { Resource } from "#core/resource/resource.ts";
import type { SourceSecrets } from "#engine/ports.ts";
import { proxyOfSecret, proxyUrl } from "../http/proxy-secret.ts";
import { secretEntry, secretName } from "../http/secret-entry.ts";
import { type TlsSettings, tlsOfSecret } from "../http/tls-secret.ts";
import { HelmError } from "./helm-error.ts";

/** Everything that Secrets say of a chart repository. */
export interface RepositoryAccess {
  /** The value of the header that proves who asks. */
  readonly authorization: string | undefined;
  readonly tls: TlsSettings;
}

/**
 * Reads `username` and `password` of one Secret, and `ca.crt` or `tls.crt` with `tls.key` (`caFile`, `certFile`, `keyFile`
 * of old) of the other or, as long ago, of the same.
 * @throws HelmError `invalid-secret` naming Secret and key, never a value
 */
export function repositoryAccess(
  { credential, certificate, proxy }: SourceSecrets,
  unverified?: true,
): RepositoryAccess {
  const own = credential && tlsBeside(credential);
  const trust = certificate ? tlsOf(certificate) : own;
  const through = proxy && {
    proxy: proxyUrl(proxyOfSecret(proxy, (problem) => refused(proxy, problem))),
  };
  const tls = { ...trust, ...through, ...(unverified && { unverified }) };
  return { authorization: credential && authorizationOf(credential, own !== undefined), tls };
}

function authorizationOf(secret: Resource, hasCertificates: boolean): string | undefined {
  const username = secretEntry(secret, "username");
  const password = secretEntry(secret, "password");
  if (username === undefined && password === undefined && hasCertificates) return undefined;
  if (username === undefined || password === undefined) {
    throw refused(secret, "it needs `username` and `password`");
  }
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

const certificateKeys = ["ca.crt", "caFile", "tls.crt", "certFile", "tls.key", "keyFile"];

/** Certificates that a Secret may hold beside a password. */
function tlsBeside(secret: Resource): TlsSettings | undefined {
  return certificateKeys.some((key) => secretEntry(secret, key) !== undefined) ? tlsOf(secret) : undefined;
}

function tlsOf(secret: Resource): TlsSettings {
  return tlsOfSecret(secret, (problem, cause) => refused(secret, problem, cause));
}

function refused(secret: Resource, problem: string, cause?: unknown): HelmError {
  const name = secretName(secret);
  return new HelmError("invalid-secret", `Cannot use Secret ${name} for a chart repository: ${problem}`, { cause });
}
