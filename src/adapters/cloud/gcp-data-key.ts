import type { ExpiringToken } from "#engine/cloud-identity.ts";
import { askKeyService } from "./ask-key-service.ts";
import { CloudError } from "./cloud-error.ts";
import type { GcpDataKey, KeyCaller, KeyMeans } from "./data-key.ts";
import { askGcpByKey, gcpKeyOf } from "./gcp-key-token.ts";
import { secretDigest } from "./secret-digest.ts";

/** The entry of a Secret with the key of an account of Google's. */
const entry = "sops.gcp-kms";
const scopes = ["https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/cloudkms"];
const part = String.raw`[\w.:-]+`;
const namePattern = new RegExp(`^projects/${part}/locations/${part}/keyRings/${part}/cryptoKeys/${part}$`);

/** Unwraps a data key by Google's KMS. @throws SourceError */
export async function openByGcp(
  means: KeyMeans,
  { key, caller }: { readonly key: GcpDataKey; readonly caller: KeyCaller },
  signal: AbortSignal,
): Promise<Buffer> {
  if (!namePattern.test(key.name)) throw new CloudError("Cannot open the data key: its name is none of a key of KMS");
  const { token } = await tokenOf(means, caller, signal);
  const headers = () => ({ "content-type": "application/json", authorization: `Bearer ${token}` });
  const url = new URL(`https://cloudkms.googleapis.com/v1/${key.name}:decrypt`);
  const body = JSON.stringify({ ciphertext: key.ciphertext });
  return await askKeyService(means, { url, headers, body, field: "plaintext" }, signal);
}

async function tokenOf({ cloud, kept }: KeyMeans, caller: KeyCaller, signal: AbortSignal): Promise<ExpiringToken> {
  const content = caller.entry(entry);
  if (content === undefined) return await cloud.gcpToken({ identity: caller.identity }, signal);
  const key = gcpKeyOf(content.toString("utf8"));
  if (typeof key === "string") throw new CloudError(`Cannot use ${entry} of the decryption Secret: ${key}`);
  return await kept.get(
    secretDigest([entry, key]),
    (scope) => askGcpByKey(key, { scopes, proxy: undefined }, scope),
    signal,
  );
}
