import type { ExpiringToken } from "#engine/cloud-identity.ts";
import { askKeyService } from "./ask-key-service.ts";
import { askAzureBySecret, type AzureSecret, azureSecretKind } from "./azure-secret-token.ts";
import { CloudError } from "./cloud-error.ts";
import type { AzureDataKey, KeyCaller, KeyMeans } from "./data-key.ts";
import { secretDigest } from "./secret-digest.ts";
import { yamlEntry } from "./yaml-entry.ts";

/** The entry of a Secret that proves who asks Azure. */
const entry = "sops.azure-kv";
/** A token is shown to vaults of Azure's only: the file, which anybody may have written, says where the vault is. */
const vaultPattern =
  /^https:\/\/[a-zA-Z0-9-]{1,127}\.(?<service>vault\.azure\.(?:net|cn)|vault\.usgovcloudapi\.net|managedhsm\.azure\.(?:net|cn)|managedhsm\.usgovcloudapi\.net)\/?$/;

/** Unwraps a data key by a key vault of Azure. @throws SourceError */
export async function openByAzure(
  means: KeyMeans,
  { key, caller }: { readonly key: AzureDataKey; readonly caller: KeyCaller },
  signal: AbortSignal,
): Promise<Buffer> {
  const { vault, name, version, ciphertext } = key;
  const { service } = vaultPattern.exec(vault)?.groups ?? {};
  if (service === undefined) throw new CloudError("Cannot open the data key: its address is none of a key vault");
  if (!/^[a-zA-Z0-9-]{1,127}$/.test(name) || !/^[a-zA-Z0-9]{0,64}$/.test(version)) {
    throw new CloudError("Cannot open the data key: its name or version is none of a key of a vault");
  }
  const { token } = await tokenOf(means, { caller, scope: `https://${service}/.default` }, signal);
  const headers = () => ({ "content-type": "application/json", authorization: `Bearer ${token}` });
  const url = new URL(`/keys/${name}/${version}/decrypt?api-version=7.4`, vault);
  const body = JSON.stringify({ alg: "RSA-OAEP-256", value: ciphertext });
  return await askKeyService(means, { url, headers, body, field: "value" }, signal);
}

async function tokenOf(
  { cloud, kept }: KeyMeans,
  { caller, scope }: { readonly caller: KeyCaller; readonly scope: string },
  signal: AbortSignal,
): Promise<ExpiringToken> {
  const content = caller.entry(entry);
  if (content === undefined) return await cloud.azureToken({ identity: caller.identity, scope }, signal);
  const secret = secretIn(content);
  const ask = (inner: AbortSignal) => askAzureBySecret(secret, { scope, proxy: undefined }, inner);
  return await kept.get(secretDigest([entry, secret, scope]), ask, signal);
}

/** The form of upstream's controllers, or that in which Azure's own program writes a service principal. */
function secretIn(content: Buffer): AzureSecret {
  const fields = yamlEntry(entry, content);
  const { appId = "", tenant = "", password = "" } = fields;
  const named = (field: string) => fields[field] ?? "";
  const own: AzureSecret = {
    tenantId: named("tenantId"),
    clientId: named("clientId"),
    clientSecret: named("clientSecret"),
    clientCertificate: named("clientCertificate"),
    clientCertificatePassword: named("clientCertificatePassword"),
    clientCertificateSendChain: named("clientCertificateSendChain") === "true",
    authorityHost: named("authorityHost"),
  };
  const kind = azureSecretKind(own);
  const isPrincipal = appId !== "" && tenant !== "" && password !== "";
  if (isPrincipal && (kind === null || kind === "managed")) {
    return { ...own, tenantId: tenant, clientId: appId, clientSecret: password };
  }
  if (kind !== null) return own;
  const ways = "clientId, or tenantId and clientId with clientSecret or clientCertificate";
  throw new CloudError(`Cannot use ${entry} of the decryption Secret: it needs ${ways}`);
}
