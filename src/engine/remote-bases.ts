import type { App, AppKey } from "#core/app/app.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { mountedTree } from "#core/source/mounted-tree.ts";
import { basesFolder, folderOfBase, type RemoteBase, sourceOfBase, textOfBase } from "#core/source/remote-base.ts";
import type { SourceKey } from "#core/source/source.ts";
import type { SourceController } from "./source-controller.ts";

type Taken = ReadonlyMap<SourceKey, RemoteBase>;

/**
 * What the kustomizations of apps take from other repositories: sources like any other, shared by all apps, followed for
 * as long as a render takes something of them.
 */
export class RemoteBases {
  readonly #sources: SourceController;
  readonly #taken = new Map<AppKey, Taken>();

  constructor(sources: SourceController) {
    this.#sources = sources;
  }

  /** The sources of an app's bases. */
  sourcesOf(app: AppKey): readonly SourceKey[] {
    return [...(this.#taken.get(app)?.keys() ?? [])];
  }

  /** The apps that take something of a source. */
  users(source: SourceKey): readonly AppKey[] {
    return [...this.#taken].flatMap(([app, taken]) => (taken.has(source) ? [app] : []));
  }

  /** What an app's bases are at, by their sources. */
  revisions(app: AppKey): readonly (readonly [SourceKey, string])[] {
    return this.sourcesOf(app).flatMap((key) => {
      const revision = this.#sources.state(key)?.revision;
      return revision ? [[key, revision.text] as const] : [];
    });
  }

  /** A tree with what the app takes besides, as far as that is here. */
  mounted(app: AppKey, tree: FileTree): FileTree {
    const mounts = new Map<string, FileTree>();
    for (const [key, base] of this.#taken.get(app) ?? []) {
      const held = this.#sources.state(key)?.tree;
      if (held) mounts.set(folderOfBase(base), held);
    }
    return mountedTree(tree, basesFolder, mounts);
  }

  /** The app takes these besides what it took. */
  add(app: App, bases: readonly RemoteBase[]): void {
    this.set(app, [...(this.#taken.get(app.key)?.values() ?? []), ...bases]);
  }

  /** What is known of how an app's bases are opened may have changed. */
  reopen(app: App): void {
    const taken = this.#taken.get(app.key);
    if (taken && app.openBase) this.set(app, [...taken.values()]);
  }

  /** The app takes these and no others. */
  set(app: App, bases: readonly RemoteBase[]): void {
    const { openBase = (source) => source, policy } = app;
    const before = this.sourcesOf(app.key);
    const opened = bases.map((base) => [base, openBase(sourceOfBase(base, policy.intervalMs))] as const);
    const taken = new Map(opened.map(([base, { key }]) => [key, base]));
    if (taken.size > 0) this.#taken.set(app.key, taken);
    else this.#taken.delete(app.key);
    for (const [, source] of opened) {
      const known = this.#sources.state(source.key)?.source;
      const isNews = known?.held?.version !== source.held?.version;
      if (!known || isNews || known.intervalMs > source.intervalMs) this.#sources.put(source);
    }
    for (const key of before) if (this.users(key).length === 0) this.#sources.remove(key);
  }

  /** The app takes nothing any more. */
  leave(app: App): void {
    this.set(app, []);
  }

  /** Why one of the app's bases cannot be had; null: none of them failed so far. */
  failure(app: AppKey): string | null {
    for (const [key, base] of this.#taken.get(app) ?? []) {
      const error = this.#sources.state(key)?.error;
      if (error) return `the remote base ${textOfBase(base)} cannot be fetched: ${error.message}`;
    }
    return null;
  }
}
