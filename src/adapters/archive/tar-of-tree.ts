import type { FileTree } from "#core/source/file-tree.ts";
import { childPath } from "#core/source/read-set.ts";
import { paddingOf, tarEntry, tarEnd } from "./tar-entry.ts";

// Of files whose size is not known, so many at most fit into what one read may take.
const filesAtOnce = 12;

interface Listed {
  readonly path: string;
  readonly kind: "file" | "executable" | "folder";
}

/**
 * The files and folders of a tree as a tar archive, in pieces: sorted, without times and owners, so that equal trees are
 * equal archives. Links and submodules are left out.
 */
export async function* tarOfTree(tree: FileTree, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (const batch of batched(listed(tree, ""))) {
    const contents = await tree.read(
      batch.flatMap(({ path, kind }) => (kind === "folder" ? [] : [path])),
      signal,
    );
    for (const { path, kind } of batch) {
      if (kind === "folder") {
        yield tarEntry({ name: `${path}/`, kind, size: 0 });
        continue;
      }
      const content = contents.get(path);
      if (content === undefined) throw new Error(`Cannot read ${JSON.stringify(path)}: the tree did not give it`);
      yield tarEntry({ name: path, kind, size: content.length });
      yield content;
      yield paddingOf(content.length);
    }
  }
  yield tarEnd;
}

function* listed(tree: FileTree, directory: string): Generator<Listed> {
  for (const name of tree.children(directory)) {
    const path = childPath(directory, name);
    const entry = tree.entry(path);
    if (entry?.type === "file") yield { path, kind: entry.executable === true ? "executable" : "file" };
    if (entry?.type !== "directory") continue;
    yield { path, kind: "folder" };
    yield* listed(tree, path);
  }
}

function* batched(entries: Iterable<Listed>): Generator<readonly Listed[]> {
  let batch: Listed[] = [];
  let files = 0;
  for (const entry of entries) {
    batch.push(entry);
    if (entry.kind !== "folder") files += 1;
    if (files < filesAtOnce) continue;
    yield batch;
    batch = [];
    files = 0;
  }
  if (batch.length > 0) yield batch;
}
