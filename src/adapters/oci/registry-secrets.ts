import type { Resource } from "#core/resource/resource.ts";
import type { SourceSecrets } from "#engine/ports.ts";
import { proxyOfSecret, proxyUrl } from "../http/proxy-secret.ts";
import { secretEntry, secretName } from "../http/secret-entry.ts";
import { type TlsSettings, tlsOfSecret } from "../http/tls-secret.ts";
import { dockerConfigCredential } from "./docker-config.ts";
import type { RegistryCredential } from "./docker-config.ts";
import type { OciAddress } from "./oci-address.ts";
import { OciError } from "./oci-error.ts";

/** Everything that Secrets say of a registry. */
export interface RegistryAccess {
  readonly credential: RegistryCredential;
  /** And what connections go through. */
  readonly tls: TlsSettings;
  /** For a person who is refused: what the Secret lacks; "" when nothing. */
  readonly hint: string;
}

/**
 * Reads the keys that registry credentials are kept under: `.dockerconfigjson`, or `username` and `password`; and `ca.crt`,
 * `tls.crt` with `tls.key` (`caFile`, `certFile`, `keyFile` of old) for certificates.
 * @throws OciError `invalid-secret` naming Secret and key, never a value
 */
export function registryAccess(secrets: SourceSecrets, address: OciAddress, unverified?: true): RegistryAccess {
  const { certificate, proxy } = secrets;
  const { hint, ...proof } = bestProof(secrets, address);
  const tls = certificate ? tlsOfSecret(certificate, (problem, cause) => refused(certificate, problem, cause)) : {};
  const through = proxy && { proxy: throughProxy(proxy) };
  return { ...proof, hint, tls: { ...tls, ...through, ...(unverified && { unverified }) } };
}

/** Whether a Secret says who asks; a cloud is asked only when none does. */
export function hasSecret({ credential, pullSecrets = [] }: SourceSecrets): boolean {
  return credential !== undefined || pullSecrets.length > 0;
}

/** Of the Secret of the source, and then of those of its service account, the first that is for the registry counts. */
function bestProof(secrets: SourceSecrets, address: OciAddress): Omit<RegistryAccess, "tls"> {
  const { credential, pullSecrets = [] } = secrets;
  const proofs = [...(credential ? [credential] : []), ...pullSecrets].map((secret) => proofOf(secret, address));
  const fitting = proofs.find((proof) => proof.credential.kind !== "none");
  if (fitting !== undefined) return fitting;
  const hint = proofs.map((proof) => proof.hint).join(", ");
  return proofs.length === 0 ? anonymous : { credential: { kind: "none" }, hint };
}

function throughProxy(secret: Resource): string {
  return proxyUrl(
    proxyOfSecret(secret, (problem) => {
      const message = `Cannot use Secret ${secretName(secret)} for a proxy: ${problem}`;
      return new OciError("invalid-secret", message);
    }),
  );
}

const anonymous: Omit<RegistryAccess, "tls"> = {
  credential: { kind: "none" },
  hint: "no Secret with credentials is named",
};

function proofOf(secret: Resource, address: OciAddress): Omit<RegistryAccess, "tls"> {
  const config = secretEntry(secret, ".dockerconfigjson");
  if (config !== undefined) return configured(secret, config, address);
  const username = secretEntry(secret, "username");
  const password = secretEntry(secret, "password");
  if (username === undefined && password === undefined) {
    throw refused(secret, "it has neither `.dockerconfigjson` nor `username` and `password`");
  }
  if (username === undefined || password === undefined)
    throw refused(secret, "`username` and `password` belong together");
  return { credential: { kind: "basic", username, password }, hint: "" };
}

function configured(secret: Resource, config: string, address: OciAddress): Omit<RegistryAccess, "tls"> {
  try {
    const { credential, hosts } = dockerConfigCredential(config, address);
    const known = hosts.length === 0 ? "for no registry" : `only for ${hosts.slice(0, 5).join(", ")}`;
    const hint = credential.kind === "none" ? `Secret ${secretName(secret)} holds credentials ${known}` : "";
    return { credential, hint };
  } catch (error) {
    throw refused(secret, error instanceof Error ? error.message : String(error));
  }
}

function refused(secret: Resource, problem: string, cause?: unknown): OciError {
  return new OciError("invalid-secret", `Cannot use Secret ${secretName(secret)} for a registry: ${problem}`, {
    cause,
  });
}
