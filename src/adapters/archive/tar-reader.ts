import { ArchiveError } from "./archive-error.ts";
import type { ArchiveLimits } from "./archive-limits.ts";
import { entryName } from "./entry-name.ts";
import { blockBytes, parsePaxRecords, parseTarHeader } from "./tar-header.ts";
import type { TarHeader } from "./tar-header.ts";

/** Receives the files of an archive, one after the other. */
export interface TarSink {
  file(path: string, executable: boolean): void;
  /** A piece of the current file; only valid during the call. */
  data(chunk: Buffer): void;
  end(): void;
  /** A further name of a file that came before. @throws ArchiveError when there is none */
  link(path: string, target: string): void;
}

const maxMetaBytes = 1 << 20;
// A file, a file in the oldest format, and one that is laid out in one piece.
const plainTypes = new Set(["0", "\0", "7"]);

/**
 * Takes a tar archive in pieces and tells a sink of its files. Symbolic links are left out, as are folders, which exist
 * by their files; devices and names that lead outside are refused.
 */
export class TarReader {
  readonly #sink: TarSink;
  readonly #limits: ArchiveLimits;
  readonly #block = Buffer.alloc(blockBytes);
  #filled = 0;
  #content: "file" | "meta" | "nothing" = "nothing";
  #left = 0;
  #padding = 0;
  #isOver = false;
  #entries = 0;
  #meta: { readonly type: string; readonly chunks: Buffer[] } | undefined;
  /** What extended headers say of the next entry. */
  #overrides: { name?: Uint8Array; link?: Uint8Array; size?: number } = {};

  constructor(sink: TarSink, limits: ArchiveLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  /** @throws ArchiveError at the first thing that is broken, not allowed or too large */
  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && !this.#isOver;) {
      if (this.#left > 0) at += this.#takeContent(chunk.subarray(at, at + this.#left));
      else if (this.#padding > 0) at += this.#skip(chunk.length - at);
      else at += this.#fillBlock(chunk, at);
    }
  }

  /** To be called once, when there is no more. @throws ArchiveError `damaged` when the archive is cut short */
  finish(): void {
    if (this.#left > 0 || this.#padding > 0 || this.#filled > 0) throw new ArchiveError("damaged", "it is cut short");
  }

  #takeContent(part: Buffer): number {
    this.#left -= part.length;
    if (this.#content === "file") this.#sink.data(part);
    else this.#meta?.chunks.push(Buffer.from(part));
    if (this.#left === 0) this.#contentEnds();
    return part.length;
  }

  #skip(available: number): number {
    const skipped = Math.min(available, this.#padding);
    this.#padding -= skipped;
    return skipped;
  }

  #fillBlock(chunk: Buffer, at: number): number {
    const taken = chunk.copy(this.#block, this.#filled, at, at + blockBytes - this.#filled);
    this.#filled += taken;
    if (this.#filled < blockBytes) return taken;
    this.#filled = 0;
    const header = parseTarHeader(this.#block);
    if (header === null) this.#isOver = true;
    else this.#begin(header);
    return taken;
  }

  #begin(header: TarHeader): void {
    this.#entries += 1;
    if (this.#entries > this.#limits.maxEntries) {
      throw new ArchiveError("too-large", `it has more than ${this.#limits.maxEntries} entries`);
    }
    if ("xgLK".includes(header.type)) return this.#beginMeta(header);
    const { name = header.name, link = header.link, size = header.size } = this.#overrides;
    this.#overrides = {};
    const path = entryName(name);
    if (path === "" && header.type !== "5") throw new ArchiveError("refused", "an entry has no name");
    const isFolder = header.type === "5" || name.at(-1) === 0x2f;
    if (plainTypes.has(header.type)) {
      if (!isFolder) return this.#beginFile(path, header, size);
    } else if (header.type === "1") {
      this.#sink.link(path, entryName(link));
    } else if (!isFolder && header.type !== "2") {
      throw new ArchiveError("refused", `${JSON.stringify(path)} is neither a file nor a folder nor a link`);
    }
    // Links and folders have no content, whatever their size says.
  }

  #beginMeta(header: TarHeader): void {
    if (header.size > maxMetaBytes) throw new ArchiveError("too-large", "an extended header is larger than 1 MiB");
    this.#meta = { type: header.type, chunks: [] };
    this.#beginContent("meta", header.size);
  }

  #beginFile(path: string, { mode }: TarHeader, size: number): void {
    if (size > this.#limits.maxFileBytes) {
      const mebibytes = Math.floor(this.#limits.maxFileBytes / 2 ** 20);
      throw new ArchiveError("too-large", `${JSON.stringify(path)} is larger than ${mebibytes} MiB`);
    }
    this.#sink.file(path, (mode & 0o100) !== 0);
    this.#beginContent("file", size);
  }

  #beginContent(content: "file" | "meta", size: number): void {
    this.#content = content;
    this.#left = size;
    this.#padding = (blockBytes - (size % blockBytes)) % blockBytes;
    if (size === 0) this.#contentEnds();
  }

  #contentEnds(): void {
    const { chunks, type } = this.#meta ?? { chunks: [], type: "" };
    if (this.#content === "file") this.#sink.end();
    else this.#takeMeta(type, Buffer.concat(chunks));
    this.#content = "nothing";
    this.#meta = undefined;
  }

  #takeMeta(type: string, content: Buffer): void {
    const text = content.subarray(0, content.indexOf(0) < 0 ? content.length : content.indexOf(0));
    if (type === "L") this.#overrides.name = text;
    if (type === "K") this.#overrides.link = text;
    if (type !== "x") return;
    for (const [key, value] of parsePaxRecords(content)) {
      if (key === "path") this.#overrides.name = value;
      if (key === "linkpath") this.#overrides.link = value;
      if (key === "size") this.#overrides.size = sizeOf(value);
      if (key.startsWith("GNU.sparse")) throw new ArchiveError("refused", "it holds a sparse file");
    }
  }
}

function sizeOf(value: Buffer): number {
  const text = value.toString("latin1");
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new ArchiveError("damaged", "a size in an extended header does not parse");
}
