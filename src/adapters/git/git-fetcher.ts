import { createSecureContext } from "node:tls";
import type { Resource } from "#core/resource/resource.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { SourceFetcher } from "#engine/ports.ts";
import type { GitCredential, GitTls } from "./git-credential.ts";
import { proxyOf } from "./git-proxy.ts";
import type { GitStore } from "./git-store.ts";

/** Opens repositories of a store with the credential and through the proxy that Secrets hold. */
export function gitFetcher(store: GitStore): SourceFetcher {
  return {
    open: ({ url }, { credential = null, proxy }) =>
      store.open({ url, credential: credentialOf(url, credential), ...(proxy && { proxy: proxyOf(proxy) }) }),
  };
}

/**
 * Reads the keys that Git credentials are kept under: `username` and `password`, `bearerToken`, `identity` with
 * `known_hosts` and `password`, `ca.crt`, and `tls.crt` with `tls.key` (`caFile`, `certFile`, `keyFile` of old).
 * @throws SourceError naming the Secret and the key that is missing, never a value
 */
export function credentialOf(url: string, secret: Resource | null): GitCredential {
  if (!secret) return { kind: "none" };
  const value = (key: string) => decoded(secret, key);
  const refuse = (message: string): never => refused(secret, message);
  if (url.startsWith("ssh://") || !/^[a-z]+:\/\//.test(url)) {
    const privateKey = value("identity") ?? refuse("it has no key `identity`, which ssh needs");
    const knownHosts = value("known_hosts") ?? refuse("it has no key `known_hosts`, which ssh needs");
    const passphrase = value("password");
    return { kind: "ssh", privateKey, knownHosts, ...(passphrase === undefined ? {} : { passphrase }) };
  }
  const tls = tlsOf(secret);
  const token = value("bearerToken");
  if (token !== undefined) return { kind: "bearer", token, ...tls };
  const username = value("username");
  const password = value("password");
  if (username !== undefined && password !== undefined) return { kind: "basic", username, password, ...tls };
  if (username !== undefined || password !== undefined) return refuse("`username` and `password` belong together");
  return Object.keys(tls).length === 0 ? refuse("it holds no key that Git can use") : { kind: "tls", ...tls };
}

function tlsOf(secret: Resource): GitTls {
  const caPem = decoded(secret, "ca.crt") ?? decoded(secret, "caFile");
  const cert = decoded(secret, "tls.crt") ?? decoded(secret, "certFile");
  const key = decoded(secret, "tls.key") ?? decoded(secret, "keyFile");
  const ca = caPem === undefined ? {} : { caPem };
  if (cert === undefined && key === undefined) return ca;
  if (cert === undefined || key === undefined) return refused(secret, "`tls.crt` and `tls.key` belong together");
  try {
    createSecureContext({ cert, key });
  } catch {
    // What the library says may quote what it was given.
    return refused(secret, "`tls.crt` and `tls.key` are no certificate and its key in PEM form");
  }
  return { ...ca, client: { certPem: cert, keyPem: key } };
}

function refused(secret: Resource, message: string): never {
  const name = `${secret.metadata.namespace ?? ""}/${secret.metadata.name}`;
  throw new SourceError("auth", `Cannot use Secret ${name} for Git: ${message}`);
}

function decoded(secret: Resource, key: string): string | undefined {
  const data = secret["data"] as Record<string, string> | undefined;
  const value = data?.[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString("utf8");
}
