import type { Dispatcher } from "undici";
import type { Resource } from "#core/resource/resource.ts";
import type { AccessKeys } from "../http/aws-signature.ts";
import { connectionFault } from "../http/connection-fault.ts";
import { readBounded } from "../http/read-bounded.ts";
import { secretEntry } from "../http/secret-entry.ts";
import { BucketError } from "./bucket-error.ts";
import { maxRefusalBytes } from "./bucket-failure.ts";
import { refusedSecret } from "./bucket-secrets.ts";
import { childText, parseXml } from "./xml.ts";

/** A user of a directory. */
export interface LdapUser {
  readonly username: string;
  readonly password: string;
}

/** Keys that were lent until a time, in milliseconds since the epoch. */
export interface LentKeys extends AccessKeys {
  readonly expiresAt: number;
}

/** Reads `username` and `password`; without a Secret both are empty. @throws BucketError when one is missing */
export function ldapUserOf(secret: Resource | undefined): LdapUser {
  if (secret === undefined) return { username: "", password: "" };
  const [username = "", password = ""] = ["username", "password"].map((key) => secretEntry(secret, key));
  if (username === "" || password === "") throw refusedSecret(secret, "it needs `username` and `password`");
  return { username, password };
}

/** Asks a token service for keys for a user of its directory. @throws BucketError */
export async function ldapKeys(
  { endpoint, wire }: { readonly endpoint: string; readonly wire: Dispatcher },
  { username, password }: LdapUser,
  signal: AbortSignal,
): Promise<LentKeys> {
  const { origin, host, pathname } = new URL(endpoint);
  const action = `get keys from the token service at ${host}`;
  const asked = { Action: "AssumeRoleWithLDAPIdentity", Version: "2011-06-15" };
  try {
    const { statusCode, body } = await wire.request({
      origin,
      path: pathname,
      method: "POST",
      headers: { "user-agent": "holdfast", "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ ...asked, LDAPUsername: username, LDAPPassword: password }).toString(),
      signal,
    });
    const text = (await readBounded(body, maxRefusalBytes, signal))?.toString("utf8") ?? "";
    if (statusCode === 200) return keysIn(text, action);
    // What it says may repeat the password.
    const isRefused = statusCode >= 400 && statusCode < 500;
    const state = isRefused ? "it does not accept the user and the password" : `it answers ${statusCode}`;
    throw new BucketError(isRefused ? "authentication" : "failed", `Cannot ${action}: ${state}`);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof BucketError) throw error;
    const { code, state } = connectionFault(error, "token service");
    throw new BucketError(code, `Cannot ${action}: ${state}`, { cause: error });
  }
}

function keysIn(text: string, action: string): LentKeys {
  try {
    const [result] = parseXml(text).children.filter(({ name }) => name === "AssumeRoleWithLDAPIdentityResult");
    const [credentials] = result?.children.filter(({ name }) => name === "Credentials") ?? [];
    const told = (name: string) => (credentials && childText(credentials, name)) ?? "";
    const keys = { id: told("AccessKeyId"), key: told("SecretAccessKey"), session: told("SessionToken") };
    const expiresAt = Date.parse(told("Expiration"));
    // They stand in headers.
    const areKeys = /^[\x21-\x7e]{1,256}$/.test(keys.id) && keys.key !== "" && /^[\x21-\x7e]+$/.test(keys.session);
    if (areKeys && !Number.isNaN(expiresAt)) return { ...keys, expiresAt };
  } catch {
    // Told below, without what came.
  }
  throw new BucketError("refused-content", `Cannot ${action}: its answer holds no keys that end`);
}
