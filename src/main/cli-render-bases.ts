import type { Rendered } from "#core/app/rendered.ts";
import { upstreamRenderer } from "#adapters/upstream/upstream-renderer.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { mountedTree } from "#core/source/mounted-tree.ts";
import { basesFolder, folderOfBase, type RemoteBase, sourceOfBase, textOfBase } from "#core/source/remote-base.ts";
import { MissingBasesError, RenderError } from "#core/source/render-error.ts";
import { asSourceError } from "#core/source/source-error.ts";
import type { Renderer } from "#engine/ports.ts";
import { type AppRecord, usableApp } from "./cli-app-record.ts";
import type { Fetching } from "./cli-fetchers.ts";
import { resolved } from "./cli-resolved.ts";

/** Renders and, as the controller does, fetches what that takes from other repositories, as the app may open them. @throws RenderError */
export async function renderWithBases(
  fetching: Fetching,
  input: Parameters<Renderer["render"]>[0] & { readonly record?: AppRecord },
  signal: AbortSignal,
): Promise<Rendered> {
  const { record } = input;
  const renderer = upstreamRenderer(fetching.helpers, fetching.dataKeys, fetching.plugins);
  const mounts = new Map<string, FileTree>();
  for (;;) {
    try {
      return await renderer.render({ ...input, tree: mountedTree(input.tree, basesFolder, mounts) }, signal);
    } catch (error) {
      if (!(error instanceof MissingBasesError)) throw error;
      for (const base of error.bases)
        mounts.set(folderOfBase(base), await treeOfBase(fetching, { base, record }, signal));
    }
  }
}

async function treeOfBase(
  { fetchers }: Fetching,
  { base, record }: { readonly base: RemoteBase; readonly record: AppRecord | undefined },
  signal: AbortSignal,
): Promise<FileTree> {
  const plain = sourceOfBase(base, 0);
  const source = (record && usableApp(record).openBase?.(plain)) ?? plain;
  try {
    const repository = fetchers.open(source, source.held?.open() ?? {});
    return await repository.tree((await resolved(repository, source.ref, signal)).commit, signal);
  } catch (error) {
    signal.throwIfAborted();
    const { message } = asSourceError(error);
    throw new RenderError("build", `the remote base ${textOfBase(base)} cannot be fetched: ${message}`, {
      cause: error,
    });
  }
}
