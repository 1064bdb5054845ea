import { createPrivateKey } from "node:crypto";
import { type Agent as HttpAgent, globalAgent } from "node:http";
import type { ExpiringToken } from "#engine/cloud-identity.ts";
import { CloudError, cloudError } from "./cloud-error.ts";
import { httpsAgent } from "./https-agent.ts";

/** The key of an account of Google's, as its JSON file holds it. */
export interface GcpKey {
  readonly email: string;
  readonly key: string;
  readonly keyId: string;
}

/**
 * Reads the JSON file with the key of a service account. Files of other kinds make whoever reads them open files and
 * addresses that they name.
 * @returns what is wrong with it, in words that quote nothing
 */
export function gcpKeyOf(text: string): GcpKey | string {
  const file = fileIn(text);
  if (file === null) return "it is no JSON object";
  if (file["type"] !== "service_account") return "its `type` is not `service_account`";
  const { client_email: email, private_key: key, private_key_id: keyId = "" } = file;
  if (typeof email !== "string" || typeof key !== "string" || typeof keyId !== "string" || email === "") {
    return "it needs `client_email` and `private_key`";
  }
  return isKey(key) ? { email, key, keyId } : "its `private_key` is no private key in PEM form";
}

/** Asks Google for a token of an account by its key. @throws CloudError */
export async function askGcpByKey(
  { email, key, keyId }: GcpKey,
  { scopes, proxy }: { readonly scopes: readonly string[]; readonly proxy: string | undefined },
  signal: AbortSignal,
): Promise<ExpiringToken> {
  const action = `get a Google Cloud token for ${email}`;
  const agent = httpsAgent(proxy);
  try {
    const { JWT } = await import("google-auth-library");
    const through = (url: URL): HttpAgent => (url.protocol === "https:" ? agent : globalAgent);
    const client = new JWT({
      email,
      key,
      ...(keyId !== "" && { keyId }),
      scopes: [...scopes],
      transporterOptions: { agent: through, signal },
    });
    const { access_token: token, expiry_date: expiresAt } = await client.authorize();
    if (!token || !expiresAt) throw new CloudError(`Cannot ${action}: the answer holds no token that ends`);
    return { token, expiresAt };
  } catch (error) {
    signal.throwIfAborted();
    throw cloudError(error, action, [key]);
  } finally {
    agent.destroy();
  }
}

function fileIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const file: unknown = JSON.parse(text);
    return typeof file === "object" && file !== null ? (file as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}

function isKey(text: string): boolean {
  try {
    return createPrivateKey(text).type === "private";
  } catch {
    return false;
  }
}
