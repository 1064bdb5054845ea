import { stableText } from "#core/resource/stable-text.ts";
import type { Revision } from "#core/source/source.ts";
import { hasSeveral, type SourceList, sourcesOf } from "./parse-sources.ts";
import type { ReportContext } from "./report-context.ts";
import type { OperationFields } from "./schema.ts";
import { targetRevisionOf } from "./source-address.ts";
import type { SourceFields } from "./source-schema.ts";

/** What a part of a status says of revisions. */
interface Told {
  readonly revision?: string | undefined;
  readonly revisions?: readonly string[] | undefined;
}

/** Where the vendor's own status has no source it still has an empty one. */
const NO_SOURCE: SourceFields = { repoURL: "" };

/** What each source of an app is at. */
export function textsOf(revision: Revision): readonly string[] {
  return revision.parts ?? [revision.text];
}

/** The revisions that a status names: the commits, or what the app tracks while these are not known. */
export function shownRevisions({ report, spec, comparisonFailed }: ReportContext): readonly string[] {
  if (!comparisonFailed && report.revision !== null) return textsOf(report.revision);
  const fields = sourcesOf(spec);
  return fields.length === 0 ? [targetRevisionOf(undefined)] : fields.map(targetRevisionOf);
}

/** The revisions in one text, as they stand in messages. */
export function revisionText(told: Told | undefined): string {
  return told?.revisions?.length ? `[${told.revisions.join(" ")}]` : (told?.revision ?? "");
}

/** Revisions as a comparison tells them. */
export function comparedRevisions(spec: SourceList, texts: readonly string[]): Told {
  return hasSeveral(spec) ? { revisions: [...texts] } : { revision: texts[0] ?? "" };
}

/** The sources that an app was compared with. */
export function comparedSources(spec: SourceList): SourceList {
  const { source, sources } = spec;
  if (hasSeveral(spec)) return { source: NO_SOURCE, ...(sources && { sources }) };
  return source ? { source } : {};
}

/** Sources and revisions as an operation asks for them. */
export function askedSources(spec: SourceList, texts: readonly string[]): NonNullable<OperationFields["sync"]> {
  const { source, sources } = spec;
  if (hasSeveral(spec)) return { revisions: [...texts], ...(sources && { sources }) };
  return { revision: texts[0] ?? "", ...(source && { source }) };
}

/** Sources and revisions as a result tells them. */
export function syncedSources(spec: SourceList, texts: readonly string[]): Told & SourceList & { revision: string } {
  if (hasSeveral(spec)) return { revision: "", revisions: [...texts], ...comparedSources(spec) };
  return { revision: texts[0] ?? "", ...comparedSources(spec) };
}

/** Whether a part of a status is about these revisions. */
export function isAbout(told: Told | undefined, texts: readonly string[]): boolean {
  if (told === undefined) return false;
  return stableText(told.revisions?.length ? told.revisions : [told.revision ?? ""]) === stableText(texts);
}
