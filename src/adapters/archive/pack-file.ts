import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import type { FileTree } from "#core/source/file-tree.ts";
import { ArchiveError } from "./archive-error.ts";
import { fileListing } from "./file-listing.ts";
import type { ListedFile } from "./file-listing.ts";
import type { PacedSink } from "./read-tarball.ts";

/** A file whose content is a part of a pack. */
export interface PackedFile extends ListedFile {
  readonly offset: number;
}

const flushBytes = 1 << 20;

/** Writes the files of an archive one behind the other into one file. */
export class PackWriter implements PacedSink {
  readonly files = new Map<string, PackedFile>();
  readonly #handle: FileHandle;
  #chunks: Buffer[] = [];
  #pending = 0;
  #offset = 0;
  #current: { path: string; executable: boolean; offset: number; hash: Hash } | undefined;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  file(path: string, executable: boolean): void {
    this.#current = { path, executable, offset: this.#offset, hash: createHash("sha256") };
  }

  data(chunk: Buffer): void {
    this.#current?.hash.update(chunk);
    this.#chunks.push(Buffer.from(chunk));
    this.#pending += chunk.length;
    this.#offset += chunk.length;
  }

  end(): void {
    const { path, executable, offset, hash } = this.#current!;
    this.files.set(path, { digest: hash.digest("hex"), size: this.#offset - offset, executable, offset });
  }

  link(path: string, target: string): void {
    const file = this.files.get(target);
    if (file === undefined)
      throw new ArchiveError("refused", `${JSON.stringify(path)} links to a file that is not there`);
    this.files.set(path, file);
  }

  async drained(): Promise<void> {
    if (this.#pending >= flushBytes) await this.flush();
  }

  /** Writes what is still held back; to be called at the end. */
  async flush(): Promise<void> {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#pending = 0;
    if (chunks.length > 0) await this.#handle.writev(chunks);
  }
}

/** The files of a pack as a tree. A file that is not what was written is an ArchiveError `damaged`. */
export function packTree(path: string, packed: ReadonlyMap<string, PackedFile>): FileTree {
  const { files, entry, children } = fileListing(packed);
  return {
    entry,
    children,
    async read(paths, signal) {
      const wanted = paths.map((name) => [name, files.get(name)] as const);
      const missing = wanted.find(([, file]) => file === undefined);
      if (missing !== undefined)
        throw new Error(`Cannot read ${JSON.stringify(missing[0])}: no such file in the artifact`);
      await using handle = await open(path, "r").catch((cause: unknown) => {
        throw damaged(path, cause);
      });
      const contents = new Map<string, Uint8Array>();
      for (const [name, file] of wanted) {
        signal.throwIfAborted();
        if (file !== undefined) contents.set(name, await contentOf(handle, path, file));
      }
      return contents;
    },
  };
}

async function contentOf(handle: FileHandle, path: string, { digest, size, offset }: PackedFile): Promise<Uint8Array> {
  const content = Buffer.alloc(size);
  const { bytesRead } = await handle.read(content, 0, size, offset);
  if (bytesRead !== size || createHash("sha256").update(content).digest("hex") !== digest) throw damaged(path);
  return content;
}

function damaged(path: string, cause?: unknown): ArchiveError {
  return new ArchiveError("damaged", `the local copy ${path} is damaged`, { cause });
}
