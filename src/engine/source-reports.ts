import { ADOPTED_ANNOTATION } from "#core/app/adoption.ts";
import type { SourceReport } from "#core/app/app-report.ts";
import type { WrittenSelector } from "#core/policy/label-selector.ts";
import { selectorMatches } from "#core/policy/label-selector.ts";
import { annotationsOf, labelsOf } from "#core/resource/resource.ts";
import type { Problem } from "#core/result.ts";
import type { SourceError } from "#core/source/source-error.ts";
import type { SourceKey } from "#core/source/source.ts";
import type { AppRegistry, SourceRecord } from "./app-registry.ts";
import { type ArtifactPublisher, objectOf } from "./artifact-publisher.ts";
import type { ServedArtifact } from "./artifact-store.ts";
import type { GeneratorWriter } from "./generator-writer.ts";
import type { Clock } from "./ports.ts";
import type { Reporter } from "./reporter.ts";
import type { Rivals } from "./rivals.ts";
import type { SourceController } from "./source-controller.ts";
import type { SourceState } from "./source-state.ts";

/** What telling of sources takes. */
export interface SourceReportsParts {
  readonly registry: AppRegistry;
  readonly sources: Pick<SourceController, "state">;
  readonly rivals: Pick<Rivals, "alive">;
  readonly reporter: Pick<Reporter, "source">;
  /** Null: nothing is served. */
  readonly publisher: ArtifactPublisher | null;
  readonly generators: Pick<GeneratorWriter, "add">;
  readonly shard: WrittenSelector | null;
  readonly clock: Clock;
}

/** Tells the objects of sources what became of them, once what others shall fetch is there. */
export class SourceReports {
  readonly #parts: SourceReportsParts;
  /** What is served of each source, so that it goes with it. */
  readonly #served = new Map<SourceKey, string>();

  constructor(parts: SourceReportsParts) {
    this.#parts = parts;
  }

  /** Everything that may be served, for what is left of earlier processes. */
  objects(): ReadonlySet<string> {
    return new Set(this.#parts.registry.sources().map(({ object }) => servedName(object)));
  }

  /** A source's object cannot be used. */
  invalid(key: SourceKey, problems: readonly Problem[]): void {
    const { registry, reporter, clock, generators } = this.#parts;
    const record = registry.source(key);
    if (!record || !this.mayTell(record)) return;
    if (isGenerator(record) && record.object.metadata.deletionTimestamp !== undefined) return generators.add(key);
    reporter.source(key, {
      state: { kind: "invalid", problems },
      revision: null,
      handledToken: null,
      now: clock.now(),
    });
  }

  /** A source is not what it was, or its object is not. */
  changed(key: SourceKey): void {
    const { registry, sources, reporter, clock } = this.#parts;
    const state = sources.state(key);
    const record = registry.source(key);
    if (!record) this.#forget(key);
    if (record && isGenerator(record)) return this.#parts.generators.add(key);
    if (!state || !record || (!state.asked && !state.source.suspended)) return;
    if (!this.mayTell(record)) return;
    const artifact = this.#artifact(record, state);
    const told = stateOf(state, artifact instanceof Error ? artifact : null);
    if (artifact === null && told.kind === "ready") return;
    const { revision, included, verified, handledToken } = state;
    const served = artifact && !(artifact instanceof Error) ? { artifact } : {};
    const now = clock.now();
    reporter.source(key, { state: told, revision, included, verified, ...served, handledToken, now });
  }

  /** What is served of a source; null: it is being made; undefined: nothing is. */
  #artifact(record: SourceRecord, state: SourceState): ServedArtifact | SourceError | null | undefined {
    const { publisher } = this.#parts;
    const { source, revision, tree } = state;
    if (!publisher || !revision || !tree) return undefined;
    const place = record.dialect.artifactPlace(record.object, revision);
    if (!place) return undefined;
    this.#served.set(source.key, objectOf(place));
    return publisher.artifact(source.key, { ...place, tree });
  }

  #forget(key: SourceKey): void {
    const object = this.#served.get(key);
    if (object !== undefined) this.#parts.publisher?.forget(object);
    this.#served.delete(key);
  }

  /** Beside a live rival a source object's status is the rival's, unless somebody adopted that object. */
  mayTell({ object, dialect }: SourceRecord): boolean {
    const { shard, rivals } = this.#parts;
    if (shard && !selectorMatches(shard.parsed, labelsOf(object))) return false;
    return annotationsOf(object)[ADOPTED_ANNOTATION] !== undefined || rivals.alive(dialect) === null;
  }
}

function stateOf({ source, error }: SourceState, unserved: SourceError | null): SourceReport["state"] {
  if (source.suspended) return { kind: "suspended" };
  const failure = error ?? unserved;
  return failure ? { kind: "failed", reason: failure.failure, message: failure.message } : { kind: "ready" };
}

function servedName({ kind, metadata }: SourceRecord["object"]): string {
  return `${kind.toLowerCase()}/${metadata.namespace ?? ""}/${metadata.name}`;
}

function isGenerator({ dialect, object }: SourceRecord): boolean {
  return dialect.generators?.generator === object.kind;
}
