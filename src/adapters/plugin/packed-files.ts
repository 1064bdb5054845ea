import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import type { FileTree } from "#core/source/file-tree.ts";
import { tarOfTree } from "../archive/tar-of-tree.ts";
import { PluginError } from "./plugin-error.ts";

/** All files of a tree, packed. */
export interface PackedFiles {
  readonly content: Buffer;
  /** SHA-256 in hex. */
  readonly checksum: string;
}

/** What the files may amount to before they are packed, and afterwards: that is kept in memory. */
const MAX_BYTES = 256 * 1024 * 1024;
const MAX_PACKED_BYTES = 48 * 1024 * 1024;

/** The files of a tree as plugins get them: a packed archive. @throws PluginError when it is too large */
export async function packedFiles(tree: FileTree, signal: AbortSignal): Promise<PackedFiles> {
  const chunks: Buffer[] = [];
  const hash = createHash("sha256");
  let bytes = 0;
  const source = Readable.from(bounded(tarOfTree(tree, signal)));
  const gzip = createGzip({ level: 1 });
  source.on("error", (error) => gzip.destroy(error));
  for await (const chunk of source.pipe(gzip) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_PACKED_BYTES) throw tooLarge(MAX_PACKED_BYTES);
    hash.update(chunk);
    chunks.push(chunk);
  }
  return { content: Buffer.concat(chunks), checksum: hash.digest("hex") };
}

async function* bounded(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > MAX_BYTES) throw tooLarge(MAX_BYTES);
    yield piece;
  }
}

function tooLarge(limit: number): PluginError {
  return new PluginError(`the repository has more than the ${limit / 2 ** 20} MiB that a plugin may be given`);
}
