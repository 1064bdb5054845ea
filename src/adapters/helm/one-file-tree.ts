import type { FileTree } from "#core/source/file-tree.ts";
import { fileListing } from "../archive/file-listing.ts";

/** A file that is fetched when it is read; `digest` begins with the name of its algorithm. */
export interface LazyFile {
  readonly name: string;
  readonly digest: string;
  readonly size: number;
  readonly read: () => Promise<Uint8Array>;
}

/** A tree of one file. */
export function oneFileTree({ name, digest, size, read }: LazyFile): FileTree {
  const file = { digest: digest.replace(/^\w+:/, ""), size, executable: false };
  const { entry, children } = fileListing(new Map([[name, file]]));
  return {
    entry,
    children,
    read: async (paths, signal) => {
      signal.throwIfAborted();
      const missing = paths.find((path) => path !== name);
      if (missing !== undefined) throw new Error(`Cannot read ${JSON.stringify(missing)}: there is only ${name}`);
      return new Map(paths.length === 0 ? [] : [[name, await read()]]);
    },
  };
}
