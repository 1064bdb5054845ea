import { request } from "undici";
import { DeadlineError, withDeadline } from "#async/with-deadline.ts";
import type { Decryption } from "#core/app/render-spec.ts";
import type { Reply, VaultKey } from "./helper-process.ts";

const timeLimitMs = 10_000;
const maxAnswerBytes = 65_536;

/** Answers a helper that asks for a data key. A problem is part of the answer: another key may open the file. */
export async function answerDataKey(key: VaultKey, keys: Decryption["keys"], signal: AbortSignal): Promise<Reply> {
  const token = Buffer.from(keys["sops.vault-token"] ?? "", "base64")
    .toString()
    .trim();
  if (token === "") return { message: { problem: "the decryption Secret holds no sops.vault-token" } };
  try {
    const opened = await withDeadline(signal, timeLimitMs, (scope) => openByVault(key, token, scope));
    return typeof opened === "string" ? { message: { problem: opened } } : { message: {}, attachment: opened };
  } catch (error) {
    signal.throwIfAborted();
    return { message: { problem: `Vault cannot be reached: ${connectionProblem(error)}` } };
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
  if (error instanceof DeadlineError) return `no answer in ${timeLimitMs / 1000} s`;
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? code : "the connection failed";
}
