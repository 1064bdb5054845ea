import type { Decryption } from "#core/app/render-spec.ts";
import type { HelperPool } from "./helper-pool.ts";
import type { Question } from "./helper-process.ts";
import { answerDataKey, type DataKeys } from "./sops-data-key.ts";
import { UpstreamError } from "./upstream-error.ts";

/** An encrypted file and what opens it. */
export interface SopsFile {
  readonly content: Uint8Array;
  readonly format: "yaml" | "json" | "dotenv" | "ini" | "binary";
  readonly decryption: Decryption;
  readonly dataKeys: DataKeys;
}

/**
 * Decrypts a whole file in memory and verifies its MAC, on helpers with all libraries.
 * @throws UpstreamError saying which key is missing, or that the file was changed
 */
export async function sopsDecrypt(pool: HelperPool, file: SopsFile, signal: AbortSignal): Promise<Uint8Array> {
  const { content, format, decryption, dataKeys } = file;
  const request = {
    op: "sops.decrypt",
    input: { format, keys: decryption.keys },
    attachments: [content],
    answer: (question: Question, scope: AbortSignal) => {
      if (question.ask === "sops.datakey") return answerDataKey(question.key, { decryption, dataKeys }, scope);
      throw new UpstreamError({ code: "died", message: "the helper asks for a file to decrypt" });
    },
  };
  const { content: plain } = (await pool.request(request, signal)) as { content: string };
  return Buffer.from(plain, "base64");
}
