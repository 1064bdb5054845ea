import type { FileTree } from "#core/source/file-tree.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { Revision, Source, SourceInclude, SourceKey } from "#core/source/source.ts";

/** What another source of an include is at. */
export interface IncludedSource {
  readonly include: SourceInclude;
  readonly source: Source;
  readonly revision: Revision;
  readonly tree: FileTree;
}

/** Of a source's state, what those that include it need. */
export interface IncludableState {
  readonly source: Source;
  readonly revision: Revision | null;
  readonly tree: FileTree | null;
  readonly asked: boolean;
}

type StateOf = (key: SourceKey) => IncludableState | undefined;

/**
 * What a source includes, in its order; null while one of them was not asked for yet.
 * @throws SourceError `absent-include` and `empty-include`
 */
export function includedSources(source: Source, stateOf: StateOf): readonly IncludedSource[] | null {
  const found: IncludedSource[] = [];
  for (const include of source.includes ?? []) {
    const refuse = (kind: "absent-include" | "empty-include", state: string) =>
      new SourceError(kind, `Cannot include ${include.name}: ${state}`);
    const state = stateOf(include.source);
    if (state === undefined) throw refuse("absent-include", "there is no such source");
    if (includesItself(source.key, include.source, stateOf)) throw refuse("empty-include", "it includes this source");
    const { revision, tree } = state;
    if (revision !== null && tree !== null) found.push({ include, source: state.source, revision, tree });
    else if (state.asked) throw refuse("empty-include", "it has no revision yet");
    else return null;
  }
  return found;
}

/** Whether both are the same content. */
export function sameIncluded(a: readonly IncludedSource[], b: readonly IncludedSource[]): boolean {
  return a.length === b.length && a.every(({ tree }, at) => tree === b[at]?.tree);
}

function includesItself(start: SourceKey, from: SourceKey, stateOf: StateOf): boolean {
  const seen = new Set<SourceKey>();
  const open = [from];
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    if (key === start) return true;
    if (seen.has(key)) continue;
    seen.add(key);
    open.push(...(stateOf(key)?.source.includes ?? []).map((include) => include.source));
  }
  return false;
}
