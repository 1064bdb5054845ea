import type { SignatureCheck } from "#engine/ports.ts";
import type { HelperPool } from "./helper-pool.ts";
import { noFiles } from "./no-files.ts";
import { UpstreamError } from "./upstream-error.ts";

/** Checks PGP and SSH signatures as Git makes them, by a helper that is started when there is one to check. */
export function gitVerify(pool: () => HelperPool): SignatureCheck {
  return async ({ payload, signature, keys }, signal) => {
    const request = { op: "git.verify", input: { signature, keys }, attachments: [payload], answer: noFiles };
    try {
      return (await pool().request(request, signal)) as { key: string };
    } catch (error) {
      if (error instanceof UpstreamError && error.code === "unverified") return { problem: error.message };
      throw error;
    }
  };
}
