import type { CloudCaller, RegistryPassword } from "#engine/cloud-identity.ts";
import { askJson } from "./ask-json.ts";
import { CloudError } from "./cloud-error.ts";

const hosts = /^.+\.azurecr\.(io|cn|de|us)$/;
const scopes: Readonly<Record<string, string>> = {
  cn: "https://management.chinacloudapi.cn/.default",
  us: "https://management.usgovcloudapi.net/.default",
};
const usualScope = "https://containerregistry.azure.net/.default";
const username = "00000000-0000-0000-0000-000000000000";

/** What tokens for a registry of Azure's are asked for; undefined: it is none of Azure's. */
export function acrScope(host: string): string | undefined {
  const [matched, domain = ""] = hosts.exec(host) ?? [];
  return matched && (scopes[domain] ?? usualScope);
}

/** Gives a token of Azure to a registry for a password. @throws SourceError */
export async function askAcr(
  { proxy }: CloudCaller,
  { host, token }: { readonly host: string; readonly token: string },
  signal: AbortSignal,
): Promise<RegistryPassword> {
  const action = `get a password for the registry ${host}`;
  const body = new URLSearchParams({ grant_type: "access_token", service: host, access_token: token }).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const url = new URL(`https://${host}/oauth2/exchange`);
  const call = { action, method: "POST", url, headers, body, proxy, secrets: [token] } as const;
  const { refresh_token: password } = await askJson(call, signal);
  const expiresAt = typeof password === "string" ? endOf(password) : undefined;
  if (typeof password === "string" && expiresAt !== undefined) return { username, password, expiresAt };
  throw new CloudError(`Cannot ${action}: the answer holds none that ends`);
}

/** When a token says that it ends. */
function endOf(token: string): number | undefined {
  try {
    const claims = Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8");
    const { exp } = JSON.parse(claims) as { readonly exp?: unknown };
    return typeof exp === "number" ? exp * 1_000 : undefined;
  } catch {
    return undefined;
  }
}
