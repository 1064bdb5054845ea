import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import pLimit from "p-limit";
import { DeadlineError, withDeadline } from "#async/with-deadline.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import type { BucketRemote } from "#core/source/remote.ts";
import type { SourceRef } from "#core/source/source.ts";
import type { RefResult, Repository } from "#engine/ports.ts";
import { fileListing } from "../archive/file-listing.ts";
import type { BucketClient } from "./bucket-client.ts";
import { BucketError } from "./bucket-error.ts";
import type { BucketLimits } from "./bucket-limits.ts";
import type { ContentStore, RevisionFiles, StoredFile } from "./content-store.ts";
import { selectedObjects } from "./select-objects.ts";
import type { Selection } from "./select-objects.ts";
import type { ListedObject } from "./storage.ts";

/** What a repository is made of. */
export interface BucketRepositoryParts {
  readonly client: BucketClient;
  readonly store: ContentStore;
  readonly remote: BucketRemote;
  readonly limits: BucketLimits;
}

const concurrentFetches = 8;
const concurrentReads = 16;
const attempts = 3;

/** One bucket as one pair of keys sees it, with the revisions that are kept of it. */
export class BucketRepository implements Repository {
  readonly #parts: BucketRepositoryParts;
  readonly #exclusive = pLimit(1);
  readonly #trees = new LRUCache<string, FileTree>({ max: 4 });
  /** What is here of the newest revision, and of one that is being fetched, by key and tag. */
  #known: Map<string, StoredFile> | undefined;
  /** The revision of the listing that was read last. */
  #latest: { readonly listing: string; readonly revision: string } | undefined;
  #isOpen = false;

  constructor(parts: BucketRepositoryParts) {
    this.#parts = parts;
  }

  /** Lists the bucket and fetches what is not here yet. @throws BucketError */
  async sync(
    refs: readonly SourceRef[],
    limits: { timeoutMs: number },
    signal: AbortSignal,
  ): Promise<readonly RefResult[]> {
    const commit = await this.#within(limits.timeoutMs, signal);
    return refs.map((ref) => {
      if (ref.kind === "bucket") return { ref, commit, refName: null };
      const message = `Cannot follow a ${ref.kind} in a bucket: it has only what it holds now`;
      return { ref, error: new BucketError("ref-not-found", message) };
    });
  }

  /** Whether an earlier fetch, also of an earlier process, brought a revision. */
  async holds(revision: string, _signal: AbortSignal): Promise<boolean> {
    return isRevision(revision) && (await this.#parts.store.holds(revision));
  }

  /** Makes sure that a revision is here, which is asked for only while the bucket is at it. @throws BucketError */
  async fetchCommit(revision: string, signal: AbortSignal): Promise<void> {
    if (await this.holds(revision, signal)) return;
    const found = await this.#within(this.#parts.limits.fetchTimeoutMs, signal);
    if (found === revision) return;
    const state = `it is at ${found} now`;
    throw new BucketError("ref-not-found", `Cannot read ${this.#parts.client.name} as of ${revision}: ${state}`);
  }

  /** The files of a revision; works without the server once it was fetched. @throws BucketError */
  async tree(revision: string, signal: AbortSignal): Promise<FileTree> {
    const known = this.#trees.get(revision);
    if (known !== undefined) return known;
    await this.fetchCommit(revision, signal);
    const files = await this.#parts.store.load(revision);
    if (files === undefined) {
      await this.#parts.store.drop(revision);
      throw new BucketError("damaged", `Cannot read ${this.#parts.client.name}: its local copy is damaged`);
    }
    const tree = this.#treeOf(files);
    this.#trees.set(revision, tree);
    return tree;
  }

  async #within(limitMs: number, signal: AbortSignal): Promise<string> {
    try {
      return await withDeadline(signal, limitMs, (scope) => this.#exclusive(() => this.#current(scope)));
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      const state = `not finished within ${error.limitMs / 1000} s`;
      throw new BucketError("timeout", `Cannot read ${this.#parts.client.name}: ${state}`, { cause: error });
    }
  }

  /** What changes between listing and reading is listed again. */
  async #current(signal: AbortSignal): Promise<string> {
    if (!this.#isOpen) await this.#parts.store.open();
    this.#isOpen = true;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(signal);
      } catch (error) {
        if (!(error instanceof BucketError) || error.code !== "changed" || attempt >= attempts) throw error;
      }
    }
  }

  async #once(signal: AbortSignal): Promise<string> {
    const { client, store, remote, limits } = this.#parts;
    const listed = await client.list(remote.prefix, limits, signal);
    const listing = digestOf(listed);
    // Rules are slow to apply to a large bucket, and most polls find it as it was.
    const isSame = this.#latest?.listing === listing && (await store.holds(this.#latest.revision));
    const revision = isSame ? this.#latest!.revision : await this.#selected(listed, signal);
    this.#latest = { listing, revision };
    await store.touch();
    return revision;
  }

  /** The revision that a listing stands for, all of it fetched. */
  async #selected(listed: readonly ListedObject[], signal: AbortSignal): Promise<string> {
    const { client, store, remote, limits } = this.#parts;
    const read = async (object: ListedObject) => await this.#content(await this.#fetched(object, signal), signal);
    const selection = await selectedObjects(listed, { name: client.name, ignore: remote.ignore, limits, read }, signal);
    const { revision } = selection;
    if (!(await store.holds(revision))) await store.save(revision, await this.#fetchedAll(selection, signal));
    await store.retain(revision, limits.keptRevisions);
    this.#known = byObject(await store.load(revision));
    return revision;
  }

  async #fetchedAll({ objects }: Selection, signal: AbortSignal): Promise<RevisionFiles> {
    const files = new Map<string, StoredFile>();
    await eachOf([...objects], concurrentFetches, async ([path, object]) => {
      files.set(path, await this.#fetched(object, signal));
    });
    return files;
  }

  /** An object as a content on disk, where an earlier revision may have brought it. */
  async #fetched(object: ListedObject, signal: AbortSignal): Promise<StoredFile> {
    this.#known ??= byObject(await this.#parts.store.newest());
    const known = this.#known.get(identityOf(object));
    if (known?.size === object.size && (await this.#parts.store.holdsContent(known))) return known;
    const file = await this.#download(object, signal);
    // A fetch that is cut short goes on the next time.
    this.#known.set(identityOf(object), file);
    return file;
  }

  async #download(object: ListedObject, signal: AbortSignal): Promise<StoredFile> {
    const { client, store } = this.#parts;
    const { key, etag, size, version, md5 } = object;
    const expected = { size, ...(md5 && { md5 }), action: `read ${JSON.stringify(key)} of ${client.name}` };
    const digest = await client.read(object, (body) => store.add(body, expected, signal), signal);
    return { key, etag, size, ...(version && { version }), digest, executable: false };
  }

  #treeOf(files: RevisionFiles): FileTree {
    const { entry, children } = fileListing(files);
    return {
      entry,
      children,
      read: async (paths, signal) => {
        const contents = new Map<string, Uint8Array>();
        await eachOf(paths, concurrentReads, async (path) => {
          signal.throwIfAborted();
          const file = files.get(path);
          if (file === undefined) throw new Error(`Cannot read ${JSON.stringify(path)}: no such object in the bucket`);
          contents.set(path, await this.#content(file, signal));
        });
        return contents;
      },
    };
  }

  /** What the disk lost or changed is fetched again. */
  async #content(file: StoredFile, signal: AbortSignal): Promise<Uint8Array> {
    try {
      return await this.#parts.store.content(file);
    } catch (error) {
      if (!(error instanceof BucketError) || error.code !== "damaged") throw error;
      const limitMs = this.#parts.limits.fetchTimeoutMs;
      await withDeadline(signal, limitMs, (scope) => this.#download(file, scope));
      return await this.#parts.store.content(file);
    }
  }
}

/** Works on some items at a time; after a failure nothing new is begun, and nothing goes on when this returns. */
async function eachOf<T>(items: readonly T[], concurrency: number, work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  let isFailed = false;
  const worker = async () => {
    while (!isFailed && next < items.length) {
      try {
        await work(items[next++]!);
      } catch (error) {
        isFailed = true;
        throw error;
      }
    }
  };
  const workers = Array.from({ length: Math.min(concurrency, items.length) }, worker);
  await Promise.allSettled(workers);
  await Promise.all(workers);
}

function digestOf(listed: readonly ListedObject[]): string {
  const hash = createHash("sha256");
  for (const { key, etag, size } of listed) hash.update(`${JSON.stringify(key)} ${etag} ${size}\n`);
  return hash.digest("hex");
}

function byObject(files: RevisionFiles | undefined): Map<string, StoredFile> {
  return new Map([...(files?.values() ?? [])].map((file) => [identityOf(file), file]));
}

function identityOf({ key, etag }: { readonly key: string; readonly etag: string }): string {
  return `${etag} ${key}`;
}

function isRevision(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}
