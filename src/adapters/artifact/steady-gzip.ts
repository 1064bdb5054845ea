import { Readable } from "node:stream";
import { constants, crc32, createDeflateRaw } from "node:zlib";

// No name, no time, an unknown system.
const head = Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
const chunkBytes = 256 << 10;

/**
 * A gzip stream whose bytes depend on the content alone. Only runs are looked for: how other repetitions are found
 * differs between processors and versions of the library.
 */
export async function* steadyGzip(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let [sum, size] = [0, 0];
  const counted = async function* () {
    for await (const chunk of inChunks(content)) {
      sum = crc32(chunk, sum);
      size += chunk.length;
      yield chunk;
    }
  };
  yield head;
  const source = Readable.from(counted());
  const deflate = createDeflateRaw({ strategy: constants.Z_RLE, level: 6, memLevel: 8, chunkSize: chunkBytes });
  source.on("error", (error) => deflate.destroy(error));
  yield* source.pipe(deflate) as AsyncIterable<Uint8Array>;
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(sum, 0);
  tail.writeUInt32LE(size % 2 ** 32, 4);
  yield tail;
}

/** The same in fewer pieces: each costs a turn of the compressor. */
async function* inChunks(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of content) {
    pieces.push(piece);
    length += piece.length;
    if (length < chunkBytes) continue;
    yield Buffer.concat(pieces);
    pieces = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(pieces);
}
