import type { AppSource } from "#core/app/app.ts";
import { type Problem, ok, refused, type Result } from "#core/result.ts";
import { stableText } from "#core/resource/stable-text.ts";
import { sha256Hex } from "#core/source/sha256.ts";
import type { Revision } from "#core/source/source.ts";
import { openedSource } from "./open-source.ts";
import { parseSource } from "./parse-source.ts";
import type { ArgoSettings } from "./settings.ts";
import type { AskedRepository } from "./repository-access.ts";
import type { SpecFields } from "./schema.ts";
import { shownAddress } from "./shown-address.ts";
import type { SourceFields } from "./source-schema.ts";

/** What of a spec, or of an operation, says where an app comes from. */
export type SourceList = Pick<SpecFields, "source" | "sources">;

/** What an app's sources are read with. */
export interface SourcesContext {
  /** What each of them was at last; null for nothing that is known. */
  readonly recorded: readonly (Revision | null)[];
  readonly settings: ArgoSettings;
  /** Whether there are plugins. */
  readonly plugins: boolean;
  /** What says how repositories are opened. */
  readonly inProject: Omit<AskedRepository, "url">;
  readonly release: { readonly name: string; readonly namespace: string };
}

/** The entries that count: a list of several takes the place of a single one. */
export function sourcesOf(spec: SourceList): readonly SourceFields[] {
  if (spec.sources?.length) return spec.sources;
  return spec.source ? [spec.source] : [];
}

/** Whether a spec has a list of sources, be it of one. */
export function hasSeveral({ sources }: Pick<SpecFields, "sources">): boolean {
  return (sources?.length ?? 0) > 0;
}

/** Reads every source of an app. */
export function parseSources(
  spec: SourceList,
  context: SourcesContext,
): Result<readonly AppSource[], readonly Problem[]> {
  const isOneOfSeveral = hasSeveral(spec);
  const fields = sourcesOf(spec);
  const names = isOneOfSeveral ? fields.flatMap(({ ref }) => (ref ? [ref] : [])) : [];
  const refs = new Set(names);
  const { release, settings, plugins } = context;
  const { polling, kustomize, sources } = settings;
  const parsed = (isOneOfSeveral ? fields : [spec.source]).map((one, at) => {
    const place = isOneOfSeveral ? `spec.sources[${at}]` : "spec.source";
    const recorded = context.recorded[at] ?? null;
    const given = { polling, kustomize, plugins, sources, refs, release };
    const read = parseSource(one, { place, isOneOfSeveral, recorded, ...given });
    if (!read.ok || !one) return read;
    const opened = openedSource(read.value, { ...context.inProject, url: one.repoURL });
    return opened.ok ? ok({ ...opened.value, declaration: declarationOf(one, read.value, opened.value) }) : opened;
  });
  const problems = parsed.flatMap((one) => (one.ok ? [] : one.error));
  if (refs.size < names.length) {
    problems.push({ path: "spec.sources", message: "invalid sources: multiple sources had the same `ref` key" });
  }
  return problems.length > 0 ? refused(problems) : ok(parsed.flatMap((one) => (one.ok ? [one.value] : [])));
}

/**
 * Whoever may read a source, and whose signatures it takes, are part of it. A status repeats it without the password of an
 * address, and names the revision itself.
 */
function declarationOf(fields: SourceFields, { source }: AppSource, opened: AppSource): string {
  const { targetRevision: _revision, repoURL, ...rest } = fields;
  return sha256Hex(stableText([shownAddress(repoURL), rest, opened.source.slice(source.length)]));
}
