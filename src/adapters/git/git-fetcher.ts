import type { Resource } from "#core/resource/resource.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { SourceFetcher } from "#engine/ports.ts";
import type { GitCredential } from "./git-credential.ts";
import type { GitStore } from "./git-store.ts";

/** Opens repositories of a store with the credential that a Secret holds. */
export function gitFetcher(store: GitStore): SourceFetcher {
  return { open: ({ url }, { credential = null }) => store.open({ url, credential: credentialOf(url, credential) }) };
}

/**
 * Reads the keys that Git credentials are kept under: `username` and `password`, `bearerToken`, `identity` with
 * `known_hosts` and `password`, `ca.crt` (or `caFile`).
 * @throws SourceError naming the Secret and the key that is missing, never a value
 */
export function credentialOf(url: string, secret: Resource | null): GitCredential {
  if (!secret) return { kind: "none" };
  const value = (key: string) => decoded(secret, key);
  const refuse = (message: string): never => {
    const name = `${secret.metadata.namespace ?? ""}/${secret.metadata.name}`;
    throw new SourceError("auth", `Cannot use Secret ${name} for Git: ${message}`);
  };
  if (url.startsWith("ssh://") || !/^[a-z]+:\/\//.test(url)) {
    const privateKey = value("identity") ?? refuse("it has no key `identity`, which ssh needs");
    const knownHosts = value("known_hosts") ?? refuse("it has no key `known_hosts`, which ssh needs");
    const passphrase = value("password");
    return { kind: "ssh", privateKey, knownHosts, ...(passphrase === undefined ? {} : { passphrase }) };
  }
  const caPem = value("ca.crt") ?? value("caFile");
  const ca = caPem === undefined ? {} : { caPem };
  const token = value("bearerToken");
  if (token !== undefined) return { kind: "bearer", token, ...ca };
  const username = value("username");
  const password = value("password");
  if (username !== undefined && password !== undefined) return { kind: "basic", username, password, ...ca };
  if (username !== undefined || password !== undefined) return refuse("`username` and `password` belong together");
  return caPem === undefined ? refuse("it holds no key that Git can use") : { kind: "ca", caPem };
}

function decoded(secret: Resource, key: string): string | undefined {
  const data = secret["data"] as Record<string, string> | undefined;
  const value = data?.[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString("utf8");
}
