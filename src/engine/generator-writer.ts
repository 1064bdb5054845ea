import type { SourceReport } from "#core/app/app-report.ts";
import type { Dialect, GeneratorRules } from "#core/app/dialect.ts";
import { driftOf } from "#core/diff/drift.ts";
import { mergePatch } from "#core/diff/merge-patch.ts";
import { idOf, idText, joinApiVersion } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { GeneratedArtifact } from "#core/source/generator/generator.ts";
import type { SourceError } from "#core/source/source-error.ts";
import { type SourceKey, sourceObjectKey } from "#core/source/source.ts";
import type { AppRegistry, SourceRecord } from "./app-registry.ts";
import { type ArtifactPublisher, objectOf } from "./artifact-publisher.ts";
import type { ServedArtifact } from "./artifact-store.ts";
import { backoffMs } from "./backoff.ts";
import type { AuditLog, ClusterClient, Clock, Log, ObjectRef } from "./ports.ts";
import type { Reporter } from "./reporter.ts";
import { eachInParallel, failureText } from "./requests.ts";
import type { SourceController } from "./source-controller.ts";
import type { SourceState } from "./source-state.ts";
import { WorkQueue } from "./work-queue.ts";

/** What writing for generators takes. */
export interface GeneratorWriterParts {
  readonly client: ClusterClient;
  readonly registry: AppRegistry;
  readonly sources: Pick<SourceController, "state">;
  /** Null: nothing is served. */
  readonly publisher: ArtifactPublisher | null;
  readonly reporter: Pick<Reporter, "source">;
  /** Whether the object is ours to write for. */
  readonly mayTell: (record: SourceRecord) => boolean;
  /** Takes an object as it was stored. */
  readonly onStored: (dialect: Dialect, object: Resource) => void;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** A generator at work. */
interface Work {
  readonly key: SourceKey;
  readonly dialect: Dialect;
  readonly rules: GeneratorRules;
  readonly generator: Resource;
}

type Told = Pick<SourceReport, "state"> & Partial<Pick<SourceReport, "generated">>;

const AT_ONCE = 4;
const WRITES_AT_ONCE = 8;
const BACKOFF = { baseMs: 1_000, factor: 2, maxMs: 15 * 60_000 };

/**
 * Writes the objects of what generators make, deletes those of what they do not make any more, and tells of both. The
 * artifacts themselves reach apps without any of that.
 */
export class GeneratorWriter {
  readonly #parts: GeneratorWriterParts;
  readonly #failures = new Map<SourceKey, number>();
  readonly #queue: WorkQueue<SourceKey>;

  constructor(parts: GeneratorWriterParts) {
    this.#parts = parts;
    this.#queue = new WorkQueue({
      concurrency: AT_ONCE,
      onError: (key, error) => this.#again(key as SourceKey, error),
    });
  }

  /** Writes until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#queue.run((key) => this.#work(key, signal), signal);
  }

  /** A generator, or what it makes, is not what it was. */
  add(key: SourceKey): void {
    this.#queue.add(key, "webhook");
  }

  async #work(key: SourceKey, signal: AbortSignal): Promise<void> {
    const { registry, sources, mayTell } = this.#parts;
    const record = registry.source(key);
    const rules = record?.dialect.generators;
    if (!record || !rules || !mayTell(record)) return;
    const { dialect, object: generator } = record;
    const work = { key, dialect, rules, generator };
    if (generator.metadata.deletionTimestamp !== undefined) await this.#letGo(work, signal);
    else await this.#make(work, sources.state(key), signal);
    this.#failures.delete(key);
  }

  async #make(work: Work, state: SourceState | null, signal: AbortSignal): Promise<void> {
    if (!state || (!state.asked && !state.source.suspended)) return;
    if (state.source.suspended) return this.#tell(work, { state: { kind: "suspended" } }, state);
    if (state.error) return this.#tell(work, failed(state.error), state);
    const made = this.#served(work, state.outputs);
    if (made === null) return;
    if (made instanceof Error) return this.#tell(work, failed(made), state);
    try {
      await this.#keepFinalizer(work, true, signal);
      await eachInParallel(made, WRITES_AT_ONCE, (one) => this.#write(work, one, signal));
      await this.#deleteOthers(work, new Set(made.map(({ output }) => output.name)), signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#tell(work, { state: { kind: "failed", reason: "publish", message: failureText(error) } }, state);
      throw error;
    }
    const { namespace = "" } = work.generator.metadata;
    const generated = made.map(({ output, served }) => ({
      name: output.name,
      namespace,
      digest: served?.digest ?? output.revision.commit,
      filename: work.rules.pathOf(work.generator, output).split("/").at(-1) ?? "",
    }));
    this.#tell(work, { state: { kind: "ready" }, generated }, state);
  }

  /** What is served of each artifact; null while one is being made. */
  #served(
    { key, rules, generator }: Work,
    outputs: readonly GeneratedArtifact[],
  ): readonly { output: GeneratedArtifact; served: ServedArtifact | null }[] | SourceError | null {
    const { publisher } = this.#parts;
    const made = outputs.map((output) => {
      const content = { path: rules.pathOf(generator, output), tree: output.tree, file: null };
      return { output, served: publisher ? publisher.artifact(key, content) : undefined };
    });
    const found: { output: GeneratedArtifact; served: ServedArtifact | null }[] = [];
    for (const { output, served } of made) {
      if (served === null || served instanceof Error) return served;
      found.push({ output, served: served ?? null });
    }
    return found;
  }

  async #write(
    { key, dialect, rules, generator }: Work,
    made: { output: GeneratedArtifact; served: ServedArtifact | null },
    signal: AbortSignal,
  ): Promise<void> {
    const { client, clock, onStored } = this.#parts;
    const { name } = made.output;
    const fail = (why: string) => new Error(`${name} reconcile failed: ${why}`);
    const ref = refOf(rules, { namespace: generator.metadata.namespace ?? "", name });
    // What memory does not know may be there all the same, and somebody else's.
    const live = this.#known(rules, ref) ?? (await client.get(ref, { signal }));
    if (live && !rules.mayTake(generator, live))
      throw fail(`${idText(idOf(live))} is there already and not of this generator`);
    if (live?.metadata.deletionTimestamp !== undefined) throw fail(`${idText(idOf(live))} is being deleted`);
    const { manager } = rules;
    const { object } = rules.objectOf(generator, { ...made, live, now: clock.now() });
    let stored = live;
    if (!live || !stands(live, { desired: object, manager })) {
      const answer = await client.apply(object, { manager, signal });
      stored = answer.object;
      onStored(dialect, stored);
      this.#audit(key, { verb: answer.created ? "create" : "update", object: stored, reason: "made by a generator" });
    }
    const { status } = rules.objectOf(generator, { ...made, live: stored, now: clock.now() });
    const change = mergePatch(stored?.["status"] ?? {}, status);
    if (change === undefined) return;
    const options = { type: "merge", manager, subresource: "status", signal } as const;
    onStored(dialect, await client.patch(ref, { status: change }, options));
  }

  /** Deletes the generator's own objects but those of these names. */
  async #deleteOthers(work: Work, kept: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    const { rules, generator } = work;
    const { namespace = "" } = generator.metadata;
    const marked = this.#parts.registry.sources().filter(({ object }) => {
      return object.kind === rules.kind.kind && rules.isOwn(generator, object);
    });
    const names = new Set([...rules.madeNames(generator), ...marked.map(({ object }) => object.metadata.name)]);
    for (const name of names) if (!kept.has(name)) await this.#delete(work, refOf(rules, { namespace, name }), signal);
  }

  /** Deletes an object that a fresh read shows to be the generator's own, by the identity and version that it showed. */
  async #delete({ key, rules, generator }: Work, ref: ObjectRef, signal: AbortSignal): Promise<void> {
    const { client, publisher } = this.#parts;
    const live = await client.get(ref, { signal });
    const { uid, resourceVersion, deletionTimestamp } = live?.metadata ?? {};
    if (!live || !uid || deletionTimestamp !== undefined || !rules.isOwn(generator, live)) return;
    // Ahead of the request, so that no deletion goes untold, whatever ends this process meanwhile.
    this.#audit(key, { verb: "delete", object: live, reason: "its generator does not make it any more" });
    await client.delete(ref, { uid, ...(resourceVersion && { resourceVersion }), propagation: "Background", signal });
    publisher?.forget(objectOf({ path: `${ref.kind.toLowerCase()}/${ref.namespace}/${ref.name}/` }));
  }

  async #letGo(work: Work, signal: AbortSignal): Promise<void> {
    if (!work.generator.metadata.finalizers?.includes(work.rules.finalizer)) return;
    await this.#deleteOthers(work, new Set(), signal);
    await this.#keepFinalizer(work, false, signal);
  }

  /** What a generator made goes before it does, so that it stays until then. */
  async #keepFinalizer({ rules, generator, dialect }: Work, isKept: boolean, signal: AbortSignal): Promise<void> {
    const { finalizers = [], resourceVersion, name, namespace = "" } = generator.metadata;
    const { finalizer, manager } = rules;
    if (finalizers.includes(finalizer) === isKept) return;
    const wanted = isKept ? [...finalizers, finalizer] : finalizers.filter((one) => one !== finalizer);
    const ref = { apiVersion: generator.apiVersion, kind: generator.kind, namespace, name };
    const body = { metadata: { finalizers: wanted, ...(resourceVersion && { resourceVersion }) } };
    this.#parts.onStored(dialect, await this.#parts.client.patch(ref, body, { type: "merge", manager, signal }));
  }

  #known(rules: GeneratorRules, { namespace = "", name }: ObjectRef): Resource | null {
    return this.#parts.registry.source(sourceObjectKey(rules.kind.kind, namespace, name))?.object ?? null;
  }

  #tell({ key }: Work, told: Told, { revision, handledToken }: SourceState): void {
    const { reporter, clock } = this.#parts;
    reporter.source(key, { ...told, revision, handledToken, now: clock.now() });
  }

  #again(key: SourceKey, error: unknown): void {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    this.#parts.log.warn({ generator: key, error: failureText(error) }, "cannot write what a generator makes");
    this.#queue.addAfter(key, backoffMs(BACKOFF, failures - 1, this.#parts.random), "periodic");
  }

  #audit(
    key: SourceKey,
    { verb, object, reason }: { verb: "create" | "update" | "delete"; object: Resource; reason: string },
  ): void {
    const { audit, clock } = this.#parts;
    const detail = { uid: object.metadata.uid ?? "" };
    const what = { app: key, verb, object: idText(idOf(object)), revision: "", reason, detail };
    audit.append({ at: clock.now(), actor: "holdfast", ...what });
  }
}

function failed({ failure, message }: SourceError): Told {
  return { state: { kind: "failed", reason: failure, message } };
}

function stands(live: Resource, { desired, manager }: { desired: Resource; manager: string }): boolean {
  return driftOf({ live, manager, baseline: null, desired, takeOver: [], ignoredPaths: [] }).kind === "same";
}

function refOf({ kind }: GeneratorRules, at: { namespace: string; name: string }): ObjectRef {
  return { apiVersion: joinApiVersion(kind), kind: kind.kind, ...at };
}
