import { copiedTree, CopyError, type CopyTools } from "#core/source/generator/copied-tree.ts";
import { copyBasis } from "#core/source/generator/copy-basis.ts";
import { type ExpandedOutput, expandedOutputs } from "#core/source/generator/expanded-outputs.ts";
import type { GeneratorRef, OutputRef } from "#core/source/generator/generator-ref.ts";
import type { GeneratedArtifact, InputContent } from "#core/source/generator/generator.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import { sha256Hex } from "#core/source/sha256.ts";
import { asSourceError, SourceError } from "#core/source/source-error.ts";
import { usuallyIgnoredTree } from "#core/source/source-ignore.ts";
import type { Source, SourceKey } from "#core/source/source.ts";
import type { IncludedSource } from "./included-sources.ts";
import type { SourceFetcher } from "./ports.ts";
import type { SourceNews, SourceState } from "./source-state.ts";

const SERVED_MS = 60_000;
/** A generator has no files but those of its outputs. */
const noFiles = memoryTree({});

/** What making artifacts takes. */
export interface GeneratingParts {
  /** Absent: nothing here makes artifacts. */
  readonly copying?: CopyTools | undefined;
  readonly fetcher: SourceFetcher;
  readonly states: ReadonlyMap<SourceKey, SourceState>;
}

/** What a generator makes of what its inputs have now, or why it cannot; null while one was not asked for yet. */
export async function generatedNews(
  { copying, states }: GeneratingParts,
  source: Source & { readonly ref: GeneratorRef<SourceKey> },
  signal: AbortSignal,
): Promise<SourceNews | null> {
  const known = states.get(source.key);
  try {
    const read = inputsOf(source, states);
    if (read === null) return null;
    const { inputs, included } = read;
    const isSame = ({ tree, revision }: IncludedSource, at: number) => {
      const before = known?.included[at];
      return tree === before?.tree && revision.text === before.revision.text;
    };
    if (known?.asked && known.tree && known.error === null && included.every(isSame)) return { error: null };
    const made = await outputsOf({ copying, known }, { source, inputs }, signal);
    const outputs = source.suspended ? made.filter((one) => isRecorded(source.ref, one)) : made;
    const text = sourcesDigest(inputs);
    return { revision: { text, commit: text, refName: null }, tree: noFiles, outputs, included, error: null };
  } catch (error) {
    signal.throwIfAborted();
    return { error: asSourceError(error) };
  }
}

/** What a source is that a generator makes; null while that was not asked for yet. */
export async function outputNews(
  { fetcher, states }: GeneratingParts,
  { source, from }: { readonly source: Source & { readonly ref: OutputRef }; readonly from: SourceKey },
  signal: AbortSignal,
): Promise<SourceNews | null> {
  const generator = states.get(from);
  if (!generator || (!generator.asked && !generator.tree)) return null;
  const output = generator.outputs.find(({ name }) => name === source.ref.value);
  if (output) return { revision: output.revision, tree: output.tree, error: null };
  const isMaking = generator.error === null && !generator.source.suspended;
  const { served } = source.ref;
  if (!isMaking && served && !states.get(source.key)?.tree) return await servedNews(fetcher, served, signal);
  if (!isMaking) return {};
  return {
    error: new SourceError("empty-origin", `${from} makes no artifact ${JSON.stringify(source.ref.value)} now`),
  };
}

/** What was made before, by a generator that makes nothing now. */
async function servedNews(
  fetcher: SourceFetcher,
  { url, digest, revision }: NonNullable<OutputRef["served"]>,
  signal: AbortSignal,
): Promise<SourceNews> {
  try {
    const repository = fetcher.open({ url, remote: { kind: "artifact" } }, {});
    const ref = { kind: "artifact", value: digest, url, revision, origin: "" } as const;
    const [result] = await repository.sync([ref], { timeoutMs: SERVED_MS }, signal);
    if (!result || "error" in result) return { error: result?.error ?? null };
    const tree = await repository.tree(digest, signal);
    return { revision: { text: revision, commit: digest, refName: null }, tree, error: null };
  } catch (error) {
    signal.throwIfAborted();
    return { error: asSourceError(error) };
  }
}

/** @throws SourceError `input` when one of them cannot be used */
function inputsOf(
  source: Source & { readonly ref: GeneratorRef<SourceKey> },
  states: GeneratingParts["states"],
): { readonly inputs: ReadonlyMap<string, InputContent>; readonly included: readonly IncludedSource[] } | null {
  const inputs = new Map<string, InputContent>();
  const included: IncludedSource[] = [];
  for (const { alias, source: key } of source.ref.inputs) {
    const state = states.get(key);
    if (!state) throw new SourceError("input", `${key} not found`);
    if (feedsOn(key, source.key, states))
      throw new SourceError("config", `${key} is made of what this generator makes`);
    const { revision, tree } = state;
    if (!revision || !tree) {
      if (!state.asked && !state.error) return null;
      throw new SourceError("input", `source '${key}' is not ready`);
    }
    inputs.set(alias, { revision, tree });
    const include = { source: key, name: alias, from: "", to: "" };
    included.push({ include, source: state.source, revision, tree });
  }
  return { inputs, included };
}

/** Whether a source is made, over whatever others, of a generator's own artifacts. */
function feedsOn(from: SourceKey, generator: SourceKey, states: GeneratingParts["states"]): boolean {
  const seen = new Set<SourceKey>();
  const open = [from];
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    if (key === generator) return true;
    if (seen.has(key)) continue;
    seen.add(key);
    const source = states.get(key)?.source;
    if (source?.origin) open.push(source.origin.source);
    if (source?.ref.kind === "generator") open.push(...source.ref.inputs.map((input) => input.source));
  }
  return false;
}

async function outputsOf(
  { copying, known }: Pick<GeneratingParts, "copying"> & { known: SourceState | undefined },
  {
    source,
    inputs,
  }: { source: Source & { readonly ref: GeneratorRef<SourceKey> }; inputs: ReadonlyMap<string, InputContent> },
  signal: AbortSignal,
): Promise<readonly GeneratedArtifact[]> {
  if (!copying) throw new SourceError("config", "Cannot make artifacts: nothing here copies files");
  const expanded = expandedOutputs(source.ref, inputs);
  if (!expanded.ok) throw new SourceError("config", expanded.error);
  const made: GeneratedArtifact[] = [];
  const before = new Map(known?.outputs.map((output) => [output.name, output]));
  for (const output of expanded.value) {
    try {
      made.push(await artifactOf(output, { inputs, copying, before: before.get(output.name) }, signal));
    } catch (error) {
      if (!(error instanceof CopyError)) throw error;
      throw new SourceError("build", `${output.name} build failed: ${error.message}`, { cause: error });
    }
  }
  return made;
}

/** Content that is as before is the very tree of before, so that nobody looks at it again. */
async function artifactOf(
  output: ExpandedOutput,
  { inputs, copying, before }: ArtifactParts,
  signal: AbortSignal,
): Promise<GeneratedArtifact> {
  const { name, labels, copies, revisionOf, originOf } = output;
  const basis = copyBasis(copies, inputs);
  const copied =
    before?.basis === basis
      ? before.tree
      : usuallyIgnoredTree(await copiedTree(copies, { inputs, tools: copying }, signal));
  const commit = `sha256:${sha256Hex(copied.entry("")?.digest ?? "")}`;
  const tree = before?.revision.commit === commit ? before.tree : copied;
  const text = (revisionOf !== null && inputs.get(revisionOf)?.revision.text) || `latest@${commit}`;
  const of = originOf === null ? undefined : inputs.get(originOf)?.revision;
  const revision = { text, commit, refName: null, ...(of && { origin: of.origin ?? of.text }) };
  return { name, labels, tree, basis, revision };
}

interface ArtifactParts {
  readonly inputs: ReadonlyMap<string, InputContent>;
  readonly copying: CopyTools;
  readonly before: GeneratedArtifact | undefined;
}

function isRecorded({ recorded }: GeneratorRef, { name, revision }: GeneratedArtifact): boolean {
  return Object.hasOwn(recorded, name) && recorded[name] === revision.commit;
}

function sourcesDigest(inputs: ReadonlyMap<string, InputContent>): string {
  const lines = [...inputs].map(([alias, { revision }]) => `${alias} ${revision.text} ${revision.commit}\n`);
  return `sha256:${sha256Hex(lines.toSorted().join(""))}`;
}
