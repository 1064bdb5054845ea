import type { Readable } from "node:stream";
import { OciError } from "./oci-error.ts";

/** Reads a whole body. @throws OciError `too-large` beyond the limit; what the stream throws */
export async function readBounded(
  body: Readable,
  limit: { readonly maxBytes: number; readonly action: string },
  signal: AbortSignal,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    signal.throwIfAborted();
    length += chunk.length;
    if (length > limit.maxBytes) {
      throw new OciError("too-large", `Cannot ${limit.action}: the answer is larger than ${limit.maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
