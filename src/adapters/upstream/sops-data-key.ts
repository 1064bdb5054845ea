import { request } from "undici";
import { DeadlineError, withDeadline } from "#async/with-deadline.ts";
import type { Decryption } from "#core/app/render-spec.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { ObjectName } from "#core/source/source.ts";
import type { ServiceAccountIdentity } from "#engine/cloud-identity.ts";
import type { CloudDataKey } from "../cloud/data-key.ts";
import type { DataKeyOpener } from "../cloud/data-key-opener.ts";
import type { Reply, VaultKey } from "./helper-process.ts";

/** What opens data keys for a decryption. */
export interface DataKeys {
  readonly services: DataKeyOpener;
  /** As whom services of clouds are asked for a service account. */
  readonly identityOf: (account: ObjectName) => ServiceAccountIdentity;
}

const vaultLimitMs = 10_000;
const cloudLimitMs = 20_000;
const maxAnswerBytes = 65_536;

/** Answers a helper that asks for a data key. A problem is part of the answer: another key may open the file. */
export async function answerDataKey(
  key: VaultKey | CloudDataKey,
  { decryption, dataKeys }: { readonly decryption: Decryption; readonly dataKeys: DataKeys },
  signal: AbortSignal,
): Promise<Reply> {
  const opened =
    key.service === "vault"
      ? await askVault(key, decryption.keys, signal)
      : await askCloud(key, { decryption, dataKeys }, signal);
  return typeof opened === "string" ? { message: { problem: opened } } : { message: {}, attachment: opened };
}

async function askCloud(
  key: CloudDataKey,
  { decryption, dataKeys }: { readonly decryption: Decryption; readonly dataKeys: DataKeys },
  signal: AbortSignal,
): Promise<Buffer | string> {
  const { keys, account } = decryption;
  const entry = (name: string) => (keys[name] === undefined ? undefined : Buffer.from(keys[name], "base64"));
  const caller = { entry, identity: account ? dataKeys.identityOf(account) : null };
  try {
    return await withDeadline(signal, cloudLimitMs, (scope) => dataKeys.services.open(key, caller, scope));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SourceError) return error.message.replace(/^Cannot /, "cannot ");
    if (error instanceof DeadlineError) return `no answer in ${cloudLimitMs / 1000} s`;
    throw error;
  }
}

async function askVault(key: VaultKey, keys: Decryption["keys"], signal: AbortSignal): Promise<Buffer | string> {
  const token = Buffer.from(keys["sops.vault-token"] ?? "", "base64")
    .toString()
    .trim();
  if (token === "") return "the decryption Secret holds no sops.vault-token";
  try {
    return await withDeadline(signal, vaultLimitMs, (scope) => openByVault(key, token, scope));
  } catch (error) {
    signal.throwIfAborted();
    return `Vault cannot be reached: ${connectionProblem(error)}`;
  }
}

/** The data key, or in words why there is none; what the server says may hold anything and is not repeated. */
async function openByVault(key: VaultKey, token: string, signal: AbortSignal): Promise<Buffer | string> {
  const url = new URL(`/v1/${key.engine}/decrypt/${key.name}`, key.address);
  if (url.protocol !== "https:" && url.protocol !== "http:") return "its address is no URL of Vault";
  const { statusCode, body } = await request(url, {
    method: "PUT",
    headers: { "x-vault-token": token, "x-vault-request": "true", "content-type": "application/json" },
    body: JSON.stringify({ ciphertext: key.ciphertext }),
    signal,
  });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) return "Vault's answer is too long";
    chunks.push(chunk);
  }
  if (statusCode === 403) return "Vault does not permit it with this token";
  if (statusCode !== 200) return `Vault answers with status ${statusCode}`;
  const plain = plaintextOf(Buffer.concat(chunks).toString());
  return plain === null ? "Vault's answer holds no data key" : Buffer.from(plain, "base64");
}

function plaintextOf(text: string): string | null {
  try {
    const { data } = JSON.parse(text) as { data?: { plaintext?: unknown } };
    return typeof data?.plaintext === "string" && data.plaintext !== "" ? data.plaintext : null;
  } catch {
    return null;
  }
}

function connectionProblem(error: unknown): string {
  if (error instanceof DeadlineError) return `no answer in ${vaultLimitMs / 1000} s`;
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? code : "the connection failed";
}
