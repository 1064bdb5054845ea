import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { LRUCache } from "lru-cache";
import pLimit from "p-limit";
import { doneOnce } from "#async/done-once.ts";
import { DeadlineError, withDeadline } from "#async/with-deadline.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { ArtifactRef, SourceRef } from "#core/source/source.ts";
import type { RefResult, Repository } from "#engine/ports.ts";
import { ArchiveError } from "../archive/archive-error.ts";
import { packTree } from "../archive/pack-file.ts";
import type { PackStore } from "../archive/pack-store.ts";
import { repairingTree } from "../archive/repairing-tree.ts";
import { unpackTarball } from "../archive/unpack-tarball.ts";
import { connectionFault } from "../http/connection-fault.ts";
import type { HttpWire } from "../http/http-wire.ts";
import { publicAddress } from "../http/public-address.ts";
import type { OwnArtifacts } from "./own-artifacts.ts";
import type { ExternalLimits } from "./external-limits.ts";

/** What a repository is made of. */
export interface ExternalRepositoryParts {
  readonly wire: HttpWire;
  readonly store: PackStore;
  readonly limits: ExternalLimits;
  readonly own: OwnArtifacts | undefined;
}

const atOnce = 4;
const maxFollowed = 1_000;
const refetchMs = 60_000;
const hourMs = 3_600_000;
// Everything that is followed is looked at once in an hour.
const followedMs = 2 * hourMs;

/** The artifacts that one host serves, each by the url and digest that somebody told of it. */
export class ExternalRepository implements Repository {
  readonly #parts: ExternalRepositoryParts;
  readonly #limit = pLimit(atOnce);
  /** Where each digest that is followed was told to be: what nobody looks at any more is followed no longer. */
  readonly #followed = new LRUCache<string, ArtifactRef>({ max: maxFollowed, ttl: followedMs });
  /** By then, whoever goes on from an earlier process has asked for what it needs. */
  readonly #forgetsFrom = performance.now() + hourMs;
  readonly #trees = new LRUCache<string, FileTree>({ max: 16 });
  readonly #fetching = new Map<string, Promise<void>>();
  readonly #open = doneOnce(() => this.#parts.store.open());

  constructor(parts: ExternalRepositoryParts) {
    this.#parts = parts;
  }

  /** Fetches what is not here; what is costs no request. What an artifact lacks is in its result. */
  async sync(...[refs, { timeoutMs }, signal]: Parameters<Repository["sync"]>): Promise<readonly RefResult[]> {
    const results = await Promise.all(refs.map((ref) => this.#limit(() => this.#result(ref, timeoutMs, signal))));
    await this.#parts.store.touch();
    return results;
  }

  async holds(digest: string): Promise<boolean> {
    await this.#open();
    return await this.#parts.store.holds(keyOf(digest));
  }

  /** Makes sure that an artifact is here that was followed before. @throws SourceError */
  async fetchCommit(digest: string, signal: AbortSignal): Promise<void> {
    if (await this.holds(digest)) return;
    const ref = this.#followed.get(digest);
    if (!ref) throw new SourceError("ref", `Cannot fetch the artifact ${digest}: nobody says where it is`);
    await this.#fetched(ref, refetchMs, signal);
  }

  /** The files of an artifact. @throws SourceError */
  async tree(digest: string, signal: AbortSignal): Promise<FileTree> {
    const known = this.#trees.get(digest);
    if (known) return known;
    await this.fetchCommit(digest, signal);
    const kept = await this.#parts.store.load(keyOf(digest));
    if (!kept) {
      await this.#parts.store.drop(keyOf(digest));
      throw new SourceError("fetch", `Cannot read the artifact ${digest}: its local copy is damaged`);
    }
    const tree = repairingTree(packTree(kept.pack, kept.files), async (scope) => {
      await this.#parts.store.drop(keyOf(digest));
      await this.fetchCommit(digest, scope);
    });
    this.#trees.set(digest, tree);
    return tree;
  }

  async #result(ref: SourceRef, timeoutMs: number, signal: AbortSignal): Promise<RefResult> {
    if (ref.kind !== "artifact") {
      return { ref, error: new SourceError("config", `Cannot follow a ${ref.kind} in an artifact`) };
    }
    try {
      if (!isDigest(ref.value)) {
        throw new SourceError("fetch", `Cannot ${actionOf(ref)}: it has no digest by sha256, sha384 or sha512`);
      }
      this.#followed.set(ref.value, ref);
      if (!(await this.holds(ref.value))) await this.#fetched(ref, timeoutMs, signal);
      return { ref, commit: ref.value, refName: null };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof SourceError) return { ref, error };
      throw error;
    }
  }

  /** Fetches an artifact once, whoever asks for it. */
  async #fetched(ref: ArtifactRef, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const running = this.#fetching.get(ref.value);
    if (running) return await running;
    const fetching = withDeadline(signal, timeoutMs, (scope) => this.#fetch(ref, scope)).catch((error: unknown) => {
      signal.throwIfAborted();
      throw asFailure(ref, error);
    });
    this.#fetching.set(ref.value, fetching);
    try {
      await fetching;
    } finally {
      this.#fetching.delete(ref.value);
    }
  }

  async #fetch(ref: ArtifactRef, signal: AbortSignal): Promise<void> {
    const { store, limits, own } = this.#parts;
    const mine = await own?.(ref.value);
    await store.add(keyOf(ref.value), async (folder) => {
      const blob = join(folder, "blob");
      if (mine) await this.#store(mine.open(), { blob, ref }, signal);
      else await this.#download(ref, blob, signal);
      return { files: await unpackTarball(blob, { folder, limits: limits.archive }, signal), annotations: {} };
    });
    if (performance.now() < this.#forgetsFrom) return;
    const followed = new Set([...this.#followed.keys()].map(keyOf));
    await store.retain(followed, limits.keptOthers);
  }

  async #download(ref: ArtifactRef, blob: string, signal: AbortSignal): Promise<void> {
    const url = new URL(ref.url);
    const call = { action: actionOf(ref), method: "GET", url, headers: {}, isOwn: true, maxRedirects: 0 } as const;
    const answer = await this.#parts.wire.open(call, signal);
    if (answer.status === 200) return await this.#store(answer.body, { blob, ref }, signal);
    // Cutting it short is an error of the stream, which concerns nobody.
    answer.body.on("error", () => {}).destroy();
    throw new SourceError("fetch", `Cannot ${actionOf(ref)}: the server answers ${answer.status}`);
  }

  /** Writes an artifact as it comes, which it is only when it has its digest. */
  async #store(body: Readable, to: { blob: string; ref: ArtifactRef }, signal: AbortSignal): Promise<void> {
    const { maxBytes } = this.#parts.limits;
    const [algorithm = "", wanted] = to.ref.value.split(":");
    const hash = createHash(algorithm);
    let length = 0;
    await using file = await open(to.blob, "wx", 0o600);
    for await (const chunk of body as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      length += chunk.length;
      if (length > maxBytes) {
        const limit = `${Math.floor(maxBytes / 2 ** 20)} MiB`;
        throw new SourceError("fetch", `Cannot ${actionOf(to.ref)}: it is larger than ${limit}`);
      }
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    const found = hash.digest("hex");
    if (found === wanted) return;
    const state = `its digest is ${algorithm}:${found}, not ${to.ref.value}`;
    throw new SourceError("fetch", `Cannot ${actionOf(to.ref)}: ${state}`);
  }
}

function asFailure(ref: ArtifactRef, error: unknown): SourceError {
  if (error instanceof SourceError) return error;
  const fail = (state: string) => new SourceError("fetch", `Cannot ${actionOf(ref)}: ${state}`, { cause: error });
  if (error instanceof DeadlineError) return fail(`not finished within ${error.limitMs / 1000} s`);
  if (error instanceof ArchiveError) return fail(error.message.replace(/^Cannot unpack the archive: /, ""));
  const isLocal = error instanceof Error && "syscall" in error && "path" in error;
  return fail(isLocal ? error.message : connectionFault(error, "server").state);
}

function isDigest(text: string): boolean {
  const [, algorithm = "", hex = ""] = /^(sha256|sha384|sha512):([0-9a-f]+)$/.exec(text) ?? [];
  return hex !== "" && hex.length === Number(algorithm.slice(3)) / 4;
}

function actionOf({ url }: ArtifactRef): string {
  return `fetch ${publicAddress(new URL(url))}`;
}

/** Names of folders are SHA-256, whatever a digest is. */
function keyOf(digest: string): string {
  return `sha256:${createHash("sha256").update(digest).digest("hex")}`;
}
