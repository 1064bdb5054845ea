import type { Resource } from "#core/resource/resource.ts";
import type { SourceSecrets } from "#engine/ports.ts";
import { registryAccess } from "../oci/registry-secrets.ts";
import type { RegistryTls } from "../oci/registry-secrets.ts";
import { HelmError } from "./helm-error.ts";

/** Everything that Secrets say of a chart repository. */
export interface RepositoryAccess {
  /** The value of the header that proves who asks. */
  readonly authorization: string | undefined;
  readonly tls: RegistryTls;
}

/**
 * Reads `username` and `password` of one Secret, and certificates of the other or, as long ago, of the same.
 * @throws SourceError naming Secret and key, never a value
 */
export function repositoryAccess({ credential, certificate }: SourceSecrets): RepositoryAccess {
  const holder = certificate ?? (credential && holdsCertificates(credential) ? credential : undefined);
  // Certificates are kept alike for registries, whatever the address.
  const { tls } = registryAccess(holder ? { certificate: holder } : {}, anyAddress);
  return { authorization: credential && authorizationOf(credential, holder !== undefined), tls };
}

const anyAddress = { registry: "", host: "", repository: "" };
const certificateKeys = ["ca.crt", "tls.crt", "tls.key", "caFile", "certFile", "keyFile"];

function holdsCertificates(secret: Resource): boolean {
  return certificateKeys.some((key) => decoded(secret, key) !== undefined);
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

function refused({ metadata }: Resource, problem: string): HelmError {
  const name = `${metadata.namespace ?? ""}/${metadata.name}`;
  return new HelmError("invalid-secret", `Cannot use Secret ${name} for a chart repository: ${problem}`);
}

function decoded(secret: Resource, key: string): string | undefined {
  const data = secret["data"] as Record<string, string> | undefined;
  const value = data?.[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString("utf8");
}
