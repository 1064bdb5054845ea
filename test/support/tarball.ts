import { gzipSync } from "node:zlib";

/** An entry of an archive, as it is written there, allowed or not. */
export interface TarEntry {
  readonly name: string | Uint8Array;
  readonly content?: string | Uint8Array;
  /** Type flag; "0" is a file. */
  readonly type?: string;
  readonly link?: string;
  readonly mode?: number;
  /** Instead of the length of the content. */
  readonly size?: number;
}

/** A tar archive of the entries, with long names in extended headers. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(1_024)]);
}

/** A tar.gz of files by path. */
export function tarballOf(files: Readonly<Record<string, string | Uint8Array>>): Buffer {
  return gzipSync(tarOf(Object.entries(files).map(([name, content]) => ({ name, content }))));
}

/** One record of an extended header. */
export function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + 1;
  while (String(length).length + rest !== length) length = String(length).length + rest;
  return `${length} ${key}=${value}\n`;
}

function blocksOf(entry: TarEntry): Buffer[] {
  const name = Buffer.from(entry.name as string);
  const content = Buffer.from((entry.content ?? "") as string);
  const body = [headerOf(entry, name, entry.size ?? content.length), content, Buffer.alloc(-content.length & 511)];
  if (name.length <= 100) return body;
  const record = paxRecord("path", name.toString("utf8"));
  return [...blocksOf({ name: "long", type: "x", content: record }), ...body];
}

function headerOf({ type = "0", link = "", mode = 0o644 }: TarEntry, name: Buffer, size: number): Buffer {
  const header = Buffer.alloc(512);
  name.copy(header, 0, 0, 100);
  header.write(`${mode.toString(8).padStart(7, "0")}\0`, 100);
  header.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  header.write("        ", 148);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}
