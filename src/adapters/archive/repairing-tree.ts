import type { FileTree } from "#core/source/file-tree.ts";
import { ArchiveError } from "./archive-error.ts";

/** A tree of which `repair` puts the files right when the disk lost or changed them, before they are read once more. */
export function repairingTree(tree: FileTree, repair: (signal: AbortSignal) => Promise<void>): FileTree {
  return {
    entry: (path) => tree.entry(path),
    children: (path) => tree.children(path),
    read: async (paths, signal) => {
      try {
        return await tree.read(paths, signal);
      } catch (error) {
        if (!(error instanceof ArchiveError) || error.code !== "damaged") throw error;
        await repair(signal);
        return await tree.read(paths, signal);
      }
    },
  };
}
