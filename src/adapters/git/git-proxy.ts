import type { Resource } from "#core/resource/resource.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { GitSettings } from "./git-environment.ts";
import { GitError } from "./git-error.ts";
import type { GitUrl } from "./git-url.ts";

/** An HTTP proxy; the address holds no user and no password. */
export interface GitProxy {
  readonly address: string;
  readonly username?: string;
  readonly password?: string;
}

/**
 * Reads `address`, `username` and `password` of a Secret.
 * @throws SourceError naming the Secret and what is wrong, never a value
 */
export function proxyOf(secret: Resource): GitProxy {
  const data = secret["data"] as Record<string, string> | undefined;
  const value = (key: string) => (data?.[key] === undefined ? "" : Buffer.from(data[key], "base64").toString("utf8"));
  const refuse = (message: string): never => {
    const name = `${secret.metadata.namespace ?? ""}/${secret.metadata.name}`;
    throw new SourceError("auth", `Cannot use Secret ${name} for a proxy: ${message}`);
  };
  const text = value("address").trim();
  if (text === "") return refuse("it has no key `address`");
  if (text.length > 2_048 || !URL.canParse(text)) return refuse("`address` is no URL");
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") return refuse("`address` is neither http nor https");
  const username = value("username") || decodeURIComponent(url.username);
  const password = value("password") || decodeURIComponent(url.password);
  if (username === "" && password !== "") return refuse("`password` needs a `username`");
  return { address: url.origin, ...(username !== "" && { username }), ...(password !== "" && { password }) };
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
    ["http.proxy", urlOf(proxy)],
    ["http.proxyAuthMethod", "basic"],
  ];
}

/** What tells connections of our own of a proxy. */
export function proxyEnvironment(proxy: GitProxy | null): NodeJS.ProcessEnv {
  if (proxy === null) return process.env;
  const url = urlOf(proxy);
  return { HTTP_PROXY: url, HTTPS_PROXY: url };
}

/** Every text of a proxy that must not show up anywhere. */
export function proxySecrets(proxy: GitProxy | null): readonly string[] {
  const password = proxy?.password;
  if (password === undefined) return [];
  return [password, encodeURIComponent(password), Buffer.from(`${proxy?.username}:${password}`).toString("base64")];
}

function urlOf({ address, username, password }: GitProxy): string {
  const url = new URL(address);
  if (username !== undefined) url.username = encodeURIComponent(username);
  if (password !== undefined) url.password = encodeURIComponent(password);
  return url.href;
}
