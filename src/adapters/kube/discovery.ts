import { sleep } from "#async/with-deadline.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import { joinApiVersion, kindKey } from "#core/resource/resource-id.ts";
import type { GroupKind } from "#core/resource/resource-id.ts";
import type { KindInfo, KindLookup } from "#engine/ports.ts";
import { groupVersionsIn, versionOfResourceList, versionsOfAggregated } from "./discovery-document.ts";
import type { ServedVersion } from "./discovery-document.ts";
import { isRecord } from "./json-shape.ts";
import type { Requester } from "./requester.ts";
import { SharedTask } from "#async/shared-task.ts";

interface Snapshot {
  /** Versions of each kind, the preferred one first. */
  readonly kinds: ReadonlyMap<string, readonly KindInfo[]>;
  /** Why a group's kinds are not known completely; "*" stands for every group but the core's. */
  readonly gaps: ReadonlyMap<string, string>;
  /** Group versions and, below them, their kinds. */
  readonly apiVersions: readonly string[];
}

const AGGREGATED = ["v2", "v2beta1"]
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .concat("application/json")
  .join(",");
const REFRESH_MS = 5_000;
const READ_LIMIT_MS = 120_000;
/** A kind is served some moments after its definition was written. */
const SETTLING_MS = 2_000;
const SETTLING_PAUSE_MS = 100;

/** What the cluster serves, read once and again when something is missing. */
export class Discovery {
  readonly #requester: Requester;
  readonly #reading: SharedTask<Snapshot>;
  #snapshot: Snapshot | undefined;
  #readAt = -Infinity;
  #changedAt = -Infinity;
  #epoch = 0;

  constructor(requester: Requester, lifetime: AbortSignal) {
    this.#requester = requester;
    this.#reading = new SharedTask(lifetime, READ_LIMIT_MS);
  }

  /**
   * Looks a kind up; a missing one is asked for again, at most once in a few seconds. Right after what is served has
   * changed, it is waited for.
   */
  async kind(wanted: GroupKind & { version?: string }, signal: AbortSignal): Promise<KindLookup> {
    let found = lookup(this.#snapshot ?? (await this.#refresh(signal)), wanted);
    if (found.known !== "yes" && performance.now() - this.#readAt > REFRESH_MS) {
      found = lookup(await this.#refresh(signal), wanted);
    }
    while (found.known === "no" && performance.now() - this.#changedAt < SETTLING_MS) {
      await sleep(SETTLING_PAUSE_MS, signal);
      found = lookup(await this.#refresh(signal), wanted);
    }
    return found;
  }

  /** Names of everything that is served, read anew when that was a few seconds ago. @throws ApiError */
  async apiVersions(signal: AbortSignal): Promise<readonly string[]> {
    const isFresh = !this.#snapshot?.gaps.has("*") && performance.now() - this.#readAt <= REFRESH_MS;
    const snapshot = (isFresh && this.#snapshot) || (await this.#refresh(signal));
    const gap = snapshot.gaps.get("*");
    if (gap === undefined) return snapshot.apiVersions;
    throw new ApiError({ code: 503, reason: "DiscoveryFailed", message: `Cannot list the cluster's APIs: ${gap}` });
  }

  /** Forgets everything: what the cluster serves has changed. */
  invalidate(): void {
    this.#snapshot = undefined;
    this.#readAt = -Infinity;
    this.#changedAt = performance.now();
    this.#epoch += 1;
    this.#reading.forget();
  }

  async #refresh(signal: AbortSignal): Promise<Snapshot> {
    const epoch = this.#epoch;
    const snapshot = await this.#reading.join((scope) => this.#read(scope), signal);
    if (epoch === this.#epoch) {
      this.#snapshot = snapshot;
      this.#readAt = performance.now();
    }
    return snapshot;
  }

  async #read(signal: AbortSignal): Promise<Snapshot> {
    const roots = await Promise.all(["/api", "/apis"].map((root) => this.#readRoot(root, signal)));
    const core = roots[0];
    if (core && "failed" in core) throw core.failed;
    return snapshotOf(
      roots.flatMap((root) => ("failed" in root ? [] : root.versions)),
      roots.flatMap((root) => ("failed" in root ? [["*", root.failed.message] as const] : [])),
    );
  }

  async #readRoot(
    root: string,
    signal: AbortSignal,
  ): Promise<{ versions: readonly ServedVersion[] } | { failed: ApiError }> {
    try {
      const document = await this.#document(root, { accept: AGGREGATED, signal });
      if (isRecord(document) && document["kind"] === "APIGroupDiscoveryList") {
        return { versions: versionsOfAggregated(document) };
      }
      return { versions: await this.#readVersions(document, signal) };
    } catch (error) {
      if (error instanceof ApiError) return { failed: error };
      throw error;
    }
  }

  #readVersions(document: unknown, signal: AbortSignal): Promise<readonly ServedVersion[]> {
    return Promise.all(
      groupVersionsIn(document).map(async ({ group, version }) => {
        const path = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
        try {
          return versionOfResourceList(await this.#document(path, { signal }));
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          return { group, version, kinds: [], subkinds: [], unreadable: error.message };
        }
      }),
    );
  }

  async #document(path: string, options: { accept?: string; signal: AbortSignal }): Promise<unknown> {
    return this.#requester.sendJson({
      verb: "discover",
      method: "GET",
      path,
      kind: "",
      subject: `the APIs under ${path}`,
      ...(options.accept === undefined ? {} : { accept: options.accept }),
      repeatable: true,
      signal: options.signal,
    });
  }
}

function snapshotOf(versions: readonly ServedVersion[], failedRoots: readonly (readonly [string, string])[]): Snapshot {
  const kinds = new Map<string, KindInfo[]>();
  const gaps = new Map<string, string>(failedRoots);
  for (const served of versions) {
    if (served.unreadable !== undefined) gaps.set(served.group, served.unreadable);
    for (const info of served.kinds) {
      const known = kinds.get(kindKey(info));
      if (known) known.push(info);
      else kinds.set(kindKey(info), [info]);
    }
  }
  return { kinds, gaps, apiVersions: [...new Set(versions.flatMap(namesOf))].toSorted() };
}

function namesOf(served: ServedVersion): string[] {
  const name = joinApiVersion(served);
  return [name, ...[...served.kinds.map(({ kind }) => kind), ...served.subkinds].map((kind) => `${name}/${kind}`)];
}

function lookup(snapshot: Snapshot, wanted: GroupKind & { version?: string }): KindLookup {
  const served = snapshot.kinds.get(kindKey(wanted)) ?? [];
  const info = served.find((candidate) => wanted.version === undefined || candidate.version === wanted.version);
  if (info) return { known: "yes", info };
  const gap = snapshot.gaps.get(wanted.group) ?? (wanted.group === "" ? undefined : snapshot.gaps.get("*"));
  if (gap !== undefined) return { known: "unknown", reason: `the APIs of ${wanted.group} could not be read: ${gap}` };
  return { known: "no" };
}
