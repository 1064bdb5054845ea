import { LRUCache } from "lru-cache";
import pLimit from "p-limit";
import { DeadlineError, withDeadline } from "#async/with-deadline.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { highestTag, nearestTags, ociRefProblem } from "#core/source/oci-ref.ts";
import type { OciRef } from "#core/source/oci-ref.ts";
import type { OciLayer } from "#core/source/remote.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { SourceRef, VerifiedObject } from "#core/source/source.ts";
import type { ArtifactCheck, RefResult, Repository, VerificationRequest } from "#engine/ports.ts";
import { artifactSignatures, type SignedPlace } from "./artifact-signatures.ts";
import type { PackStore } from "../archive/pack-store.ts";
import { repairingTree } from "../archive/repairing-tree.ts";
import { OciError } from "./oci-error.ts";
import type { OciLimits } from "./oci-limits.ts";
import { packTree } from "../archive/pack-file.ts";
import { pullArtifact } from "./pull-artifact.ts";
import type { RegistryClient } from "./registry-client.ts";
import { filteredTags } from "./tag-filter.ts";
import { verifyArtifact } from "./verify-artifact.ts";

/** What a repository is made of. */
export interface OciRepositoryParts {
  readonly client: RegistryClient;
  readonly store: PackStore;
  readonly layer: OciLayer;
  readonly limits: OciLimits;
  /** Without it nothing can be verified. */
  readonly checkSignatures?: ArtifactCheck;
}

interface Resolved {
  readonly digest: string;
  readonly tag: string | null;
}

/** Lists tags once for all who ask in one sync. */
type TagList = () => Promise<readonly string[]>;

const maxFollowed = 1_000;
const concurrentRefs = 4;

/** One repository of a registry as one credential sees it, with the artifacts that are kept of it. */
export class OciRepository implements Repository {
  readonly #parts: OciRepositoryParts;
  readonly #exclusive = pLimit(1);
  /** The artifact that each reference stood for last. */
  readonly #followed = new LRUCache<string, string>({ max: maxFollowed });
  readonly #trees = new LRUCache<string, FileTree>({ max: 4 });
  #isOpen = false;
  #isUntidy = false;

  constructor(parts: OciRepositoryParts) {
    this.#parts = parts;
  }

  /**
   * Resolves references to digests and pulls what is not here yet; a digest that is here costs no request.
   * @throws OciError when the registry cannot be asked or refuses who asks; what a single reference lacks is in its result
   */
  async sync(
    refs: readonly SourceRef[],
    limits: { timeoutMs: number },
    signal: AbortSignal,
  ): Promise<readonly RefResult[]> {
    const unique = new Map(refs.map((ref) => [keyOf(ref), ref]));
    const results = await withDeadline(signal, limits.timeoutMs, async (scope) => {
      await this.#open();
      const limit = pLimit(concurrentRefs);
      const tags = this.#tagList(scope);
      const outcomes = [...unique].map(([key, ref]) =>
        limit(async () => [key, await this.#result(ref, tags, scope)] as const),
      );
      return new Map(await allDone(outcomes));
    });
    // Only now is it known what every reference stands for.
    await this.#tidy();
    mustHaveAsked([...results.values()]);
    await this.#parts.store.touch();
    return refs.map((ref) => results.get(keyOf(ref))!);
  }

  /** Whether an earlier pull, also of an earlier process, brought an artifact. */
  async holds(digest: string, _signal: AbortSignal): Promise<boolean> {
    return isDigest(digest) && (await this.#parts.store.holds(digest));
  }

  /** Pulls one artifact by its digest unless it is here. @throws OciError */
  async fetchCommit(digest: string, signal: AbortSignal): Promise<void> {
    if (!isDigest(digest)) throw new OciError("invalid-ref", "Cannot pull an artifact: its digest is not complete");
    const limitMs = this.#parts.limits.pullTimeoutMs;
    try {
      await withDeadline(signal, limitMs, (scope) => this.#pulled(digest, scope));
      await this.#tidy(digest);
    } catch (error) {
      throw this.#asTimeout(error);
    }
  }

  /** The files of an artifact; works without the registry once it was pulled. @throws OciError */
  async tree(digest: string, signal: AbortSignal): Promise<FileTree> {
    const known = this.#trees.get(digest);
    if (known !== undefined) return known;
    await this.fetchCommit(digest, signal);
    const tree = repairingTree(await this.#stored(digest, signal), async (scope) => {
      await this.#parts.store.drop(digest);
      await this.fetchCommit(digest, scope);
    });
    this.#trees.set(digest, tree);
    return tree;
  }

  /** What the maker of an artifact noted in its manifest. @throws OciError */
  async annotations(digest: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    await this.fetchCommit(digest, signal);
    return (await this.#parts.store.load(digest))?.annotations ?? {};
  }

  /**
   * Says who signed an artifact: as the registry tells it now, and as it told before while it cannot be asked.
   * @throws SourceError unless it is signed as asked
   */
  async verify(request: VerificationRequest, signal: AbortSignal): Promise<readonly VerifiedObject[]> {
    const { client, store, checkSignatures: check, limits } = this.#parts;
    if (check === undefined) throw new SourceError("config", "Cannot verify signatures: this program does not do so");
    const read = async (place: SignedPlace) => {
      const work = (scope: AbortSignal) => artifactSignatures(place, scope);
      return await withDeadline(signal, limits.pullTimeoutMs, work).catch((error: unknown) => {
        throw this.#asTimeout(error);
      });
    };
    return await verifyArtifact({ client, store, check, read }, request, signal);
  }

  async #result(ref: SourceRef, tags: TagList, signal: AbortSignal): Promise<RefResult> {
    try {
      const { digest, tag } = await this.#resolved(ociRef(ref), tags, signal);
      await this.#pulled(digest, signal);
      this.#followed.set(keyOf(ref), digest);
      return { ref, commit: digest, refName: tag };
    } catch (error) {
      const failure = this.#asTimeout(error);
      if (failure instanceof OciError) return { ref, error: failure };
      throw failure;
    }
  }

  async #resolved(ref: OciRef, tags: TagList, signal: AbortSignal): Promise<Resolved> {
    const problem = ociRefProblem(ref);
    if (problem !== undefined) throw new OciError("invalid-ref", problem);
    if (ref.kind === "digest") return { digest: ref.value, tag: null };
    if (ref.kind === "tag") return { digest: await this.#digestOf(ref.value, tags, signal), tag: ref.value };
    const listed = await tags();
    const choice = ref.filter ? filteredTags(ref.filter, listed) : listed;
    const selection = highestTag(ref.value, choice, ref.ofChart);
    if (selection.ok) return { digest: await this.#digestOf(selection.value, tags, signal), tag: selection.value };
    throw new OciError(selection.error.code, `${selection.error.message} (${this.#parts.client.name})`);
  }

  /** A registry's "not found" says nothing of what there is, which the tags do. */
  async #digestOf(tag: string, tags: TagList, signal: AbortSignal): Promise<string> {
    try {
      return await this.#parts.client.digestOf(tag, signal);
    } catch (error) {
      if (!(error instanceof OciError) || (error.code !== "not-found" && error.code !== "ref-not-found")) throw error;
      const listed = await tags().catch((cause: unknown) => {
        signal.throwIfAborted();
        throw cause instanceof OciError && cause.code === "not-found" ? error : cause;
      });
      if (listed.includes(tag)) throw error;
      const names = nearestTags(tag, listed);
      const hint = names.length === 0 ? "it has no tags" : `the closest tags are ${names.join(", ")}`;
      const what = `Cannot find the tag ${JSON.stringify(tag)} in ${this.#parts.client.name}`;
      throw new OciError("ref-not-found", `${what}: ${hint}`, { cause: error });
    }
  }

  #tagList(signal: AbortSignal): TagList {
    let listing: Promise<readonly string[]> | undefined;
    return () => (listing ??= this.#parts.client.tags(signal));
  }

  /** Makes sure that an artifact is here. */
  async #pulled(digest: string, signal: AbortSignal): Promise<void> {
    const { store, client, layer, limits } = this.#parts;
    await this.#open();
    if (await store.holds(digest)) return;
    await this.#exclusive(async () => {
      if (await store.holds(digest)) return;
      await store.add(digest, (folder) => pullArtifact({ client, digest, layer, limits, folder }, signal));
      this.#isUntidy = true;
    });
  }

  /** Removes what nobody follows, once something was added. */
  async #tidy(...kept: readonly string[]): Promise<void> {
    if (!this.#isUntidy) return;
    const { store, limits } = this.#parts;
    this.#isUntidy = false;
    await this.#exclusive(() => store.retain(new Set([...this.#followed.values(), ...kept]), limits.keptArtifacts));
  }

  async #open(): Promise<void> {
    if (this.#isOpen) return;
    await this.#exclusive(async () => {
      if (!this.#isOpen) await this.#parts.store.open();
      this.#isOpen = true;
    });
  }

  async #stored(digest: string, signal: AbortSignal): Promise<FileTree> {
    const { store, client } = this.#parts;
    let artifact = await store.load(digest);
    if (artifact === undefined) {
      await store.drop(digest);
      await this.fetchCommit(digest, signal);
      artifact = await store.load(digest);
    }
    if (artifact !== undefined) return packTree(artifact.pack, artifact.files);
    throw new OciError("damaged", `Cannot read ${client.nameOf(digest)}: its local copy is damaged`);
  }

  #asTimeout(error: unknown): unknown {
    if (!(error instanceof DeadlineError)) return error;
    const state = `not finished within ${error.limitMs / 1000} s`;
    return new OciError("timeout", `Cannot read ${this.#parts.client.name}: ${state}`, { cause: error });
  }
}

/** Waits for all, also when one fails: nothing may go on after its scope. */
async function allDone<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(work);
  return await Promise.all(work);
}

/** What concerns every reference is no answer about any of them. */
function mustHaveAsked(results: readonly RefResult[]): void {
  const errors = results.flatMap((result) => ("error" in result ? [result.error] : []));
  const refused = errors.find((error) => error.failure === "auth");
  if (refused !== undefined) throw refused;
  if (
    errors.length === results.length &&
    errors[0] !== undefined &&
    errors.every((error) => error.failure === "fetch")
  ) {
    throw errors[0];
  }
}

function ociRef(ref: SourceRef): OciRef {
  if (ref.kind === "tag" || ref.kind === "semver" || ref.kind === "digest") return { ...ref, kind: ref.kind };
  throw new OciError("invalid-ref", `Cannot follow a ${ref.kind} in an OCI repository`);
}

function keyOf(ref: SourceRef): string {
  return JSON.stringify([ref.kind, ref.value, "filter" in ref ? ref.filter : "", "ofChart" in ref]);
}

function isDigest(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}
