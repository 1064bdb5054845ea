import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { ArchiveError } from "./archive-error.ts";
import type { ArchiveLimits } from "./archive-limits.ts";
import { TarReader } from "./tar-reader.ts";
import type { TarSink } from "./tar-reader.ts";

// Small archives of much the same lines shrink by any factor.
const freeBytes = 4 << 20;

/** A sink that may ask for a pause between pieces. */
export interface PacedSink extends TarSink {
  drained(): Promise<void>;
}

/** Tells the sink of every file of a tar.gz within limits. @throws ArchiveError; the source's own error as it is */
export async function readTarball(
  source: Readable | AsyncIterable<Uint8Array>,
  { sink, limits }: { readonly sink: PacedSink; readonly limits: ArchiveLimits },
  signal: AbortSignal,
): Promise<void> {
  const reader = new TarReader(sink, limits);
  const gunzip = createGunzip({ chunkSize: 65_536 });
  let unpacked = 0;
  try {
    await pipeline(
      source,
      gunzip,
      async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) {
          unpacked += chunk.length;
          mustFit({ unpacked, packed: gunzip.bytesWritten }, limits);
          reader.push(chunk);
          await sink.drained();
        }
      },
      { signal },
    );
  } catch (error) {
    signal.throwIfAborted();
    throw isZlibError(error) ? new ArchiveError("damaged", "it is not gzip, or is cut short", { cause: error }) : error;
  }
  reader.finish();
}

function mustFit({ unpacked, packed }: { unpacked: number; packed: number }, limits: ArchiveLimits): void {
  if (unpacked > limits.maxTotalBytes) {
    throw new ArchiveError("too-large", `it unpacks to more than ${Math.floor(limits.maxTotalBytes / 2 ** 20)} MiB`);
  }
  if (unpacked > freeBytes && unpacked > packed * limits.maxRatio) {
    throw new ArchiveError("too-large", `it unpacks to more than ${limits.maxRatio} times its size`);
  }
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("Z_");
}
