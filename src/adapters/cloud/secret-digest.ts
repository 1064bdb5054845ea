import { createHash } from "node:crypto";

/** What is kept for secrets is kept under this: it differs whenever one of them does. */
export function secretDigest(parts: unknown): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
