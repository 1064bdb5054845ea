import { createSecureContext } from "node:tls";
import type { Resource } from "#core/resource/resource.ts";
import type { SourceSecrets } from "#engine/ports.ts";
import { dockerConfigCredential } from "./docker-config.ts";
import type { RegistryCredential } from "./docker-config.ts";
import type { OciAddress } from "./oci-address.ts";
import { OciError } from "./oci-error.ts";

/** Whom a TLS connection trusts besides the well-known authorities, and what it shows of itself. */
export interface RegistryTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Everything that Secrets say of a registry. */
export interface RegistryAccess {
  readonly credential: RegistryCredential;
  readonly tls: RegistryTls;
  /** For a person who is refused: what the Secret lacks; "" when nothing. */
  readonly hint: string;
}

/**
 * Reads the keys that registry credentials are kept under: `.dockerconfigjson`, or `username` and `password`; and `ca.crt`,
 * `tls.crt` with `tls.key` (`caFile`, `certFile`, `keyFile` of old) for certificates.
 * @throws OciError `invalid-secret` naming Secret and key, never a value
 */
export function registryAccess(secrets: SourceSecrets, address: OciAddress): RegistryAccess {
  const { credential, certificate } = secrets;
  const { hint, ...proof } = credential ? proofOf(credential, address) : anonymous;
  return { ...proof, hint, tls: certificate ? tlsOf(certificate) : {} };
}

const anonymous: Omit<RegistryAccess, "tls"> = {
  credential: { kind: "none" },
  hint: "no Secret with credentials is named",
};

function proofOf(secret: Resource, address: OciAddress): Omit<RegistryAccess, "tls"> {
  const config = decoded(secret, ".dockerconfigjson");
  if (config !== undefined) return configured(secret, config, address);
  const username = decoded(secret, "username");
  const password = decoded(secret, "password");
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
    const hint = credential.kind === "none" ? `Secret ${nameOf(secret)} holds credentials ${known}` : "";
    return { credential, hint };
  } catch (error) {
    throw refused(secret, error instanceof Error ? error.message : String(error));
  }
}

function tlsOf(secret: Resource): RegistryTls {
  const ca = decoded(secret, "ca.crt") ?? decoded(secret, "caFile");
  const cert = decoded(secret, "tls.crt") ?? decoded(secret, "certFile");
  const key = decoded(secret, "tls.key") ?? decoded(secret, "keyFile");
  if ((cert === undefined) !== (key === undefined)) throw refused(secret, "`tls.crt` and `tls.key` belong together");
  if (ca === undefined && cert === undefined)
    throw refused(secret, "it has neither `ca.crt` nor `tls.crt` and `tls.key`");
  if (ca !== undefined) mustLoad(secret, "`ca.crt` is no certificate in PEM form", { ca });
  if (ca !== undefined && !ca.includes("-----BEGIN CERTIFICATE-----")) {
    throw refused(secret, "`ca.crt` is no certificate in PEM form");
  }
  const pair = cert === undefined || key === undefined ? {} : { cert, key };
  mustLoad(secret, "`tls.crt` and `tls.key` are no certificate and its key in PEM form", pair);
  return { ...(ca === undefined ? {} : { ca }), ...pair };
}

function mustLoad(secret: Resource, problem: string, tls: RegistryTls): void {
  try {
    createSecureContext(tls);
  } catch (cause) {
    throw refused(secret, problem, cause);
  }
}

function refused(secret: Resource, problem: string, cause?: unknown): OciError {
  return new OciError("invalid-secret", `Cannot use Secret ${nameOf(secret)} for a registry: ${problem}`, { cause });
}

function nameOf({ metadata }: Resource): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

function decoded(secret: Resource, key: string): string | undefined {
  const data = secret["data"] as Record<string, string> | undefined;
  const value = data?.[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString("utf8");
}
