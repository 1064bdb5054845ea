import type { AppPhase } from "#core/app/app-report.ts";
import type { AppSource } from "#core/app/app.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { jointRevision } from "#core/source/joint-revision.ts";
import type { SourceError } from "#core/source/source-error.ts";
import type { Revision, Source, SourceKey, SourceRef } from "#core/source/source.ts";
import type { AppWork } from "./app-state.ts";
import { namedRevisions } from "./named-revisions.ts";
import type { SourceState } from "./source-state.ts";

/** What one of an app's sources holds now. */
export interface ReadSource {
  readonly declared: AppSource;
  readonly tree: FileTree;
  readonly revision: Revision;
}

/** What an app's sources hold now; `failed`: why one that lives in the app could not be asked again. */
export type ReadSources =
  | { readonly kind: "wait"; readonly phase: AppPhase | null }
  | {
      readonly kind: "read";
      readonly sources: readonly ReadSource[];
      readonly revision: Revision;
      readonly failed: AppPhase | null;
    };

interface Wanted {
  readonly declared: AppSource;
  readonly key: SourceKey;
  /** The revision that is asked for by name, or "". */
  readonly named: string;
}

/** The files and the revisions of an app's sources, as far as they are known. */
export function readSources(work: AppWork): ReadSources {
  const wanted = wantedSources(work);
  if (wanted.length === 0) return wait({ kind: "invalid", problems: [{ path: "spec", message: "names no source" }] });
  const sources: ReadSource[] = [];
  let failed: AppPhase | null = null;
  for (const [at, one] of wanted.entries()) {
    const read = readSource(work, one);
    if (read.kind === "wait") return wait(placed(read.phase, at));
    sources.push(read.source);
    failed ??= placed(read.failed, at);
  }
  const [first] = sources as [ReadSource];
  const revision = sources.length === 1 ? first.revision : jointRevision(sources.map((one) => one.revision.text));
  return { kind: "read", sources, revision, failed };
}

function readSource(
  { context }: AppWork,
  { declared, key, named }: Wanted,
):
  | Extract<ReadSources, { kind: "wait" }>
  | { readonly kind: "read"; readonly source: ReadSource; readonly failed: AppPhase | null } {
  const source = context.sources.state(key);
  if (!source) return wait({ kind: "source-failed", missing: true, message: `${key} not found` });
  const { tree, revision } = source;
  if (tree && revision) {
    const failed = named === revision.text ? null : ownFailure(declared, source);
    return { kind: "read", source: { declared, tree, revision }, failed };
  }
  if (!source.error) return wait(source.asked ? noArtifact(key) : null);
  return wait(ownFailure(declared, source) ?? failurePhase(source.error));
}

function wait(phase: AppPhase | null): { readonly kind: "wait"; readonly phase: AppPhase | null } {
  return { kind: "wait", phase };
}

/** Tells which source a phase is about, where that is not the first. */
function placed(phase: AppPhase | null, source: number): AppPhase | null {
  return phase?.kind === "source-failed" && source > 0 ? { ...phase, source } : phase;
}

function noArtifact(key: SourceKey): AppPhase {
  return { kind: "source-failed", missing: false, message: `${key} has no revision yet` };
}

/**
 * Other sources than the app's own may be named, or other revisions of those than the tracked ones: these are sources of
 * their own for as long as it takes.
 */
function wantedSources({ context, state }: AppWork): readonly Wanted[] {
  const { sources } = context;
  const { app } = state;
  const names = namedRevisions(state);
  const wanted = (names?.sources ?? app.sources).map((declared, at): Wanted & { readonly source: Source | null } => {
    const named = names?.revisions[at] ?? "";
    const known = sources.state(declared.source);
    const about = { named, known, app: app.sources[0] };
    const source =
      names?.given && declared.inline ? givenSource(declared, declared.inline, about) : otherOf(declared, about);
    return { declared, key: source?.key ?? declared.source, source, named };
  });
  const keys = wanted.flatMap(({ source }) => (source ? [source.key] : []));
  for (const key of state.namedSources) if (!keys.includes(key)) sources.remove(key);
  state.namedSources = keys;
  for (const { source } of wanted) if (source && !sources.state(source.key)) sources.put(source);
  return wanted;
}

interface Naming {
  readonly named: string;
  readonly known: SourceState | null;
  /** The first of the app's own sources. */
  readonly app: AppSource | undefined;
}

function givenSource(declared: AppSource, inline: Source, { named, app }: Naming): Source {
  const ref = named === "" ? inline.ref : refNamed(inline.ref, named);
  // Under the first source's name the app is told of what becomes known.
  const key = `${app?.source ?? declared.source} @ ${declared.source} ${named}` as SourceKey;
  return { ...inline, key, ref, object: null, recorded: recordedAs(named) };
}

/** The declared source at another revision than the one that is followed; null: that one is meant. */
function otherOf(declared: AppSource, { named, known }: Naming): Source | null {
  if (named === "" || !known) return null;
  const { revision, source } = known;
  if (revision?.text === named || revision?.commit === named || followedText(source.ref) === named) return null;
  return {
    ...source,
    key: `${declared.source} @ ${named}` as SourceKey,
    ref: refNamed(source.ref, named),
    object: null,
    recorded: recordedAs(named),
  };
}

/** A commit that is here already is what it is, whether or not its remote answers. */
function recordedAs(named: string): Revision | null {
  return /^[0-9a-f]{40}$/.test(named) ? { text: named, commit: named, refName: null } : null;
}

function refNamed(ref: SourceRef, named: string): SourceRef {
  switch (ref.kind) {
    case "chart":
      return { ...ref, version: named };
    case "tag":
    case "semver":
    case "digest":
      return named.startsWith("sha256:") ? { kind: "digest", value: named } : { kind: "tag", value: named };
    default:
      return { kind: "auto", value: named };
  }
}

function followedText(ref: SourceRef): string {
  return ref.kind === "chart" ? ref.version : ref.value;
}

/**
 * A source of its own object reports its failures there; one that lives in the app, or whose object is somebody else's,
 * reports them here.
 */
function ownFailure(declared: AppSource, { source, error }: SourceState): AppPhase | null {
  if (!error) return null;
  if (source.remote.kind === "artifact" && error.failure !== "empty-origin") {
    return { ...failurePhase(error), unfetched: true };
  }
  return declared.inline ? failurePhase(error) : null;
}

/** What an app says of a source that could not be read. */
export function failurePhase({ message }: SourceError): Extract<AppPhase, { kind: "source-failed" }> {
  return { kind: "source-failed", missing: false, message };
}
