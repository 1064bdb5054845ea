/** A JSON message with raw bytes behind it. */
export interface Frame {
  readonly text: string;
  readonly attachment: Uint8Array;
}

/** The largest frame that either side takes. */
export const maxFrameBytes = 128 * 1024 * 1024;

const headerBytes = 8;
const nothing = new Uint8Array();

/**
 * Encodes a frame: the length of what follows (4 bytes, big endian), the length of the JSON text (4 bytes), the text
 * and the attachment, in pieces to be written one after the other.
 */
export function encodeFrame(message: unknown, attachments: readonly Uint8Array[] = []): Uint8Array[] {
  const text = Buffer.from(JSON.stringify(message));
  const attached = attachments.reduce((sum, part) => sum + part.length, 0);
  const total = 4 + text.length + attached;
  if (total > maxFrameBytes) throw new RangeError(`Cannot send ${total} bytes to the helper: over the limit`);
  const head = Buffer.alloc(headerBytes + text.length);
  head.writeUInt32BE(total, 0);
  head.writeUInt32BE(text.length, 4);
  text.copy(head, headerBytes);
  return [head, ...attachments.filter((part) => part.length > 0)];
}

/** Collects chunks of a stream and cuts frames out of them. */
export class FrameDecoder {
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** Adds a chunk and returns the frames that it completes. @throws RangeError when the stream is no frame stream. */
  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): Frame | undefined {
    if (this.#bytes < headerBytes) return undefined;
    const header = this.#chunks[0]!.length >= headerBytes ? this.#chunks[0]! : this.#joined();
    const total = header.readUInt32BE(0);
    const textBytes = header.readUInt32BE(4);
    if (total > maxFrameBytes || total < 4 || textBytes > total - 4) throw new RangeError("Malformed frame");
    const end = 4 + total;
    if (this.#bytes < end) return undefined;
    const all = this.#joined();
    this.#bytes -= end;
    this.#chunks = this.#bytes === 0 ? [] : [all.subarray(end)];
    const textEnd = headerBytes + textBytes;
    return {
      text: all.toString("utf8", headerBytes, textEnd),
      attachment: textEnd === end ? nothing : all.subarray(textEnd, end),
    };
  }

  #joined(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks, this.#bytes)];
    return this.#chunks[0]!;
  }
}
