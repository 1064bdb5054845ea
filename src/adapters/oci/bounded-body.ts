import type { Readable } from "node:stream";
import { readBounded } from "../http/read-bounded.ts";
import { OciError } from "./oci-error.ts";

/** The whole body of an answer. @throws OciError `too-large` beyond the limit; what the stream throws */
export async function boundedBody(
  body: Readable,
  { maxBytes, action }: { readonly maxBytes: number; readonly action: string },
  signal: AbortSignal,
): Promise<Buffer> {
  const bytes = await readBounded(body, maxBytes, signal);
  if (bytes !== null) return bytes;
  throw new OciError("too-large", `Cannot ${action}: the answer is larger than ${maxBytes} bytes`);
}
