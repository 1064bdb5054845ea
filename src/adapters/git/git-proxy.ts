import type { Resource } from "#core/resource/resource.ts";
import { SourceError } from "#core/source/source-error.ts";
import { type ProxySettings, proxyOfSecret, proxyUrl } from "../http/proxy-secret.ts";
import { secretName } from "../http/secret-entry.ts";
import type { GitSettings } from "./git-environment.ts";
import { GitError } from "./git-error.ts";
import type { GitUrl } from "./git-url.ts";

/** What connections of Git go through. */
export type GitProxy = ProxySettings;

/**
 * Reads `address`, `username` and `password` of a Secret.
 * @throws SourceError naming the Secret and what is wrong, never a value
 */
export function proxyOf(secret: Resource): GitProxy {
  return proxyOfSecret(
    secret,
    (problem) => new SourceError("auth", `Cannot use Secret ${secretName(secret)} for a proxy: ${problem}`),
  );
}

/** The proxy to use for an address. @throws GitError for an address that no proxy can be used for */
export function proxyFor(url: GitUrl, proxy: GitProxy | undefined): GitProxy | null {
  if (proxy === undefined) return null;
  if (url.transport === "http" || url.transport === "https") return proxy;
  throw new GitError("refused-url", "Cannot use a proxy for the repository: its address is neither http nor https");
}

/** What tells git of a proxy: settings, which reach it by environment. */
export function proxySettings(proxy: GitProxy | null): GitSettings {
  if (proxy === null) return [];
  return [
    ["http.proxy", proxyUrl(proxy)],
    ["http.proxyAuthMethod", "basic"],
  ];
}

/** What tells connections of our own of a proxy. */
export function proxyEnvironment(proxy: GitProxy | null): NodeJS.ProcessEnv {
  if (proxy === null) return process.env;
  const url = proxyUrl(proxy);
  return { HTTP_PROXY: url, HTTPS_PROXY: url };
}

/** Every text of a proxy that must not show up anywhere. */
export function proxySecrets(proxy: GitProxy | null): readonly string[] {
  const password = proxy?.password;
  if (password === undefined) return [];
  return [password, encodeURIComponent(password), Buffer.from(`${proxy?.username}:${password}`).toString("base64")];
}
