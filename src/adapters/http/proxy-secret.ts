import type { Resource } from "#core/resource/resource.ts";
import { secretEntry } from "./secret-entry.ts";
import type { RefuseSecret } from "./tls-secret.ts";

/** An HTTP proxy; the address holds no user and no password. */
export interface ProxySettings {
  readonly address: string;
  readonly username?: string;
  readonly password?: string;
}

/** Reads `address`, `username` and `password` of a Secret. @throws what `refuse` makes of the problem */
export function proxyOfSecret(secret: Resource, refuse: RefuseSecret): ProxySettings {
  const value = (key: string) => secretEntry(secret, key) ?? "";
  const text = value("address").trim();
  if (text === "") throw refuse("it has no key `address`");
  if (text.length > 2_048 || !URL.canParse(text)) throw refuse("`address` is no URL");
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") throw refuse("`address` is neither http nor https");
  const username = value("username") || decodeURIComponent(url.username);
  const password = value("password") || decodeURIComponent(url.password);
  if (username === "" && password !== "") throw refuse("`password` needs a `username`");
  return { address: url.origin, ...(username !== "" && { username }), ...(password !== "" && { password }) };
}

/** The address with user and password, as connections take it. */
export function proxyUrl({ address, username, password }: ProxySettings): string {
  const url = new URL(address);
  if (username !== undefined) url.username = encodeURIComponent(username);
  if (password !== undefined) url.password = encodeURIComponent(password);
  return url.href;
}
