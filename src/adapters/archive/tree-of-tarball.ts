import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import type { FileTree } from "#core/source/file-tree.ts";
import { ArchiveError } from "./archive-error.ts";
import type { ArchiveLimits } from "./archive-limits.ts";
import { fileListing } from "./file-listing.ts";
import type { ListedFile } from "./file-listing.ts";
import { readTarball } from "./read-tarball.ts";
import type { PacedSink } from "./read-tarball.ts";

interface HeldFile extends ListedFile {
  readonly content: Uint8Array;
}

/**
 * Unpacks a tar.gz into memory. Symbolic links are left out; names that lead outside, devices and sizes over the limits
 * are refused.
 * @throws ArchiveError; what the source itself throws
 */
export async function treeOfTarball(
  source: Readable | AsyncIterable<Uint8Array>,
  limits: ArchiveLimits,
  signal: AbortSignal,
): Promise<FileTree> {
  const sink = new MemorySink();
  await readTarball(source, { sink, limits }, signal);
  const { files, entry, children } = fileListing(sink.files);
  return {
    entry,
    children,
    async read(paths, readSignal) {
      readSignal.throwIfAborted();
      return new Map(paths.map((path) => [path, contentOf(files, path)]));
    },
  };
}

class MemorySink implements PacedSink {
  readonly files = new Map<string, HeldFile>();
  #path = "";
  #executable = false;
  #chunks: Buffer[] = [];

  file(path: string, executable: boolean): void {
    this.#path = path;
    this.#executable = executable;
    this.#chunks = [];
  }

  data(chunk: Buffer): void {
    this.#chunks.push(Buffer.from(chunk));
  }

  end(): void {
    const content = Buffer.concat(this.#chunks);
    this.#chunks = [];
    const digest = createHash("sha256").update(content).digest("hex");
    this.files.set(this.#path, { digest, size: content.length, executable: this.#executable, content });
  }

  link(path: string, target: string): void {
    const file = this.files.get(target);
    if (file === undefined)
      throw new ArchiveError("refused", `${JSON.stringify(path)} links to a file that is not there`);
    this.files.set(path, file);
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }
}

function contentOf(files: ReadonlyMap<string, HeldFile>, path: string): Uint8Array {
  const file = files.get(path);
  if (file !== undefined) return file.content;
  throw new Error(`Cannot read ${JSON.stringify(path)}: no such file in the archive`);
}
