import { vi } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { Source, SourceKey, SourceRef } from "#core/source/source.ts";
import type { Derivation, Derived, RefResult, Repository, SourceDeriver } from "../ports.ts";
import { SourceController } from "../source-controller.ts";
import { plainDialect, plainSource } from "./dialect.ts";
import { FakeCluster } from "./fake-cluster.ts";
import { keptLog, quietTelemetry } from "./quiet.ts";

/** A source that follows the branch `main`. */
export const MAIN = plainSource("main");
/** One of the same repository that follows another branch. */
export const OTHER = plainSource("other", { ref: { kind: "branch", value: "other" } });

/** A remote: commits by branch, and what goes wrong. */
class Remote {
  readonly heads = new Map([
    ["main", "c1"],
    ["other", "o1"],
  ]);
  readonly syncs: string[][] = [];
  readonly trees: string[] = [];
  /** Commits that an earlier process fetched. */
  readonly stored = new Set<string>();
  readonly opened: [string, Resource | null][] = [];
  readonly signed = new Set<string>();
  fails: Error | null = null;
  unreadable: Error | null = null;
  /** Told of each commit whose files are asked for. */
  reading: (commit: string) => void = () => {};
  /** What every question waits for. */
  answering: Promise<void> = Promise.resolve();

  repository(url: string, secret: Resource | null): Repository {
    this.opened.push([url, secret]);
    return {
      sync: async (refs) => {
        this.syncs.push(refs.map((ref) => ref.value));
        const heads = new Map(this.heads);
        await this.answering;
        if (this.fails) throw this.fails;
        return refs.map((ref): RefResult => this.#resolved(ref, heads));
      },
      holds: (commit) => Promise.resolve(this.stored.has(commit)),
      fetchCommit: (commit) => {
        if (this.fails) return Promise.reject(this.fails);
        this.stored.add(commit);
        return Promise.resolve();
      },
      tree: async (commit) => {
        this.trees.push(commit);
        this.reading(commit);
        return this.unreadable ? Promise.reject(this.unreadable) : Promise.resolve(memoryTree({ commit, url }));
      },
      verify: ({ commit, keys }) => {
        if (this.signed.has(commit))
          return Promise.resolve([{ what: "commit", name: commit, key: keys?.metadata.name ?? "" }]);
        return Promise.reject(new SourceError("unverified-commit", `${commit} is not signed`));
      },
    };
  }

  #resolved(ref: SourceRef, heads: ReadonlyMap<string, string>): RefResult {
    const commit = heads.get(ref.value);
    if (commit === undefined) return { ref, error: new SourceError("ref", `no branch ${ref.value}`) };
    return { ref, commit, refName: `refs/heads/${ref.value}` };
  }
}

/** Makes of every commit a chart of its name, and keeps what an earlier process made. */
class Deriver implements SourceDeriver {
  readonly asked: Derivation[] = [];
  readonly kept = new Set<string>();
  fails: Error | null = null;

  async derive(wanted: Derivation, signal: AbortSignal): Promise<Derived> {
    this.asked.push(wanted);
    const content = await wanted.origin.tree.read(["commit"], signal);
    if (this.fails) throw this.fails;
    const made = `made of ${new TextDecoder().decode(content.get("commit"))}`;
    const chart = { name: "app", isPacked: true, valuesFiles: [] };
    return { commit: made, refName: "1.0.0", chart, tree: memoryTree({ made }) };
  }

  recall(commit: string): Promise<FileTree | null> {
    return Promise.resolve(this.kept.has(commit) ? memoryTree({ recalled: commit }) : null);
  }
}

let stop: () => Promise<void> = () => Promise.resolve();

/** A controller that runs with these sources until `stopRig`. */
export function rig(...sources: Source[]) {
  const remote = new Remote();
  const cluster = new FakeCluster();
  const told: SourceKey[] = [];
  const deriver = new Deriver();
  const log = keptLog();
  const controller = new SourceController({
    fetcher: { open: ({ url }, { credential = null }) => remote.repository(url, credential), deriver },
    client: cluster,
    clock: { now: () => Date.now(), monotonic: () => Date.now() },
    random: () => 0.5,
    revisionOf: plainDialect.revisionOf,
    onChange: (key) => void told.push(key),
    telemetry: quietTelemetry,
    log,
  });
  for (const source of sources) controller.put(source);
  const scope = new AbortController();
  const life = controller.run(scope.signal);
  stop = async () => {
    scope.abort();
    await life;
  };
  const revision = (key: SourceKey = MAIN.key) => controller.state(key)?.revision?.text ?? null;
  const error = (key: SourceKey = MAIN.key) => controller.state(key)?.error?.message ?? null;
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  return { remote, deriver, cluster, told, log, controller, revision, error, pass };
}

/** Ends the controller that ran last. */
export async function stopRig(): Promise<void> {
  await stop();
}
