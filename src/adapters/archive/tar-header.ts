import { ArchiveError } from "./archive-error.ts";

/** One header block of a tar archive, as it is written there. */
export interface TarHeader {
  readonly name: Uint8Array;
  readonly mode: number;
  readonly size: number;
  readonly type: string;
  readonly link: Uint8Array;
}

/** Length of every header and the unit that contents are padded to. */
export const blockBytes = 512;

/** Reads a header; null for a block of zeros, which ends the archive. @throws ArchiveError `damaged` */
export function parseTarHeader(block: Buffer): TarHeader | null {
  const sum = checksum(block);
  if (sum === 8 * 0x20) return null;
  if (sum !== Number.parseInt(textAt(block, 148, 8).toString("latin1").trim(), 8))
    throw new ArchiveError("damaged", "it is no tar archive, or a header is damaged");
  // Only the POSIX format keeps the beginning of a long name here; the old GNU one keeps times.
  const prefix = block.toString("latin1", 257, 263) === "ustar\0" ? textAt(block, 345, 155) : Buffer.alloc(0);
  const name = textAt(block, 0, 100);
  return {
    name: prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from("/"), name]),
    mode: numberAt(block, 100, 8),
    size: numberAt(block, 124, 12),
    type: String.fromCharCode(block[156]!),
    link: textAt(block, 157, 100),
  };
}

/** Reads the records of an extended header: `<length> <key>=<value>\n`. @throws ArchiveError `damaged` */
export function parsePaxRecords(content: Buffer): ReadonlyMap<string, Buffer> {
  const records = new Map<string, Buffer>();
  for (let at = 0; at < content.length;) {
    const space = content.indexOf(0x20, at);
    const length = space < 0 ? "" : content.toString("latin1", at, space);
    const end = /^[1-9]\d{0,8}$/.test(length) ? at + Number(length) : 0;
    const equals = content.indexOf(0x3d, at);
    if (end > content.length || equals <= space || equals >= end - 1 || content[end - 1] !== 0x0a) {
      throw new ArchiveError("damaged", "an extended header does not parse");
    }
    records.set(content.toString("utf8", space + 1, equals), content.subarray(equals + 1, end - 1));
    at = end;
  }
  return records;
}

/** The sum of the block's bytes, with its own place counted as spaces. */
function checksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < blockBytes; at++) if (at < 148 || at >= 156) sum += block[at]!;
  return sum;
}

function textAt(block: Buffer, start: number, length: number): Buffer {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  // A copy: the block is used again for the next header.
  return Buffer.from(end < 0 ? field : field.subarray(0, end));
}

function numberAt(block: Buffer, start: number, length: number): number {
  const first = block[start]!;
  if (first >= 0x80) return binaryNumber(block.subarray(start, start + length));
  const text = textAt(block, start, length).toString("latin1").trim();
  if (!/^[0-7]*$/.test(text)) throw new ArchiveError("damaged", "a number in a header does not parse");
  return text === "" ? 0 : Number.parseInt(text, 8);
}

/** GNU tar writes numbers that are too long for octal digits in binary, marked by the first bit. */
function binaryNumber(field: Uint8Array): number {
  let value = BigInt(field[0]! & 0x7f);
  for (const byte of field.subarray(1)) value = value * 256n + BigInt(byte);
  if (field[0] === 0xff || value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new ArchiveError("damaged", "a number in a header is out of range");
  }
  return Number(value);
}
