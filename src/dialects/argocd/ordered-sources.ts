import type { AppSource, SyncRequest } from "#core/app/app.ts";
import { stableText } from "#core/resource/stable-text.ts";
import { type Problem, ok, refused, type Result } from "#core/result.ts";
import { hasSeveral, type SourceList, sourcesOf } from "./parse-sources.ts";
import type { OperationFields, SpecFields } from "./schema.ts";
import { targetRevisionOf } from "./source-address.ts";

type Sync = NonNullable<OperationFields["sync"]>;

/** Of an order, where its objects come from. */
export type OrderedSources = Pick<SyncRequest, "revision" | "revisions" | "sources">;

/** What an order's sources are judged by. */
export interface OrderContext {
  readonly spec: SpecFields;
  /** What the app was compared with last, one revision of each source. */
  readonly compared: readonly string[];
  readonly isAutomated: boolean;
  /** Reads sources as those of the app, with all that the app may use. */
  readonly read: (given: SourceList) => Result<readonly AppSource[], readonly Problem[]>;
}

/** The sources and revisions that an order names besides the app's own, or why it may not. */
export function orderedSources(sync: Sync, context: OrderContext): Result<OrderedSources, string> {
  const { spec, compared, isAutomated } = context;
  const given = givenSources(sync, spec);
  const list = given ?? spec;
  if (hasSeveral(list) && sync.revision) {
    return refused("operation.sync.revision: revisions of several sources are named by operation.sync.revisions");
  }
  const tracked = sourcesOf(list).map(targetRevisionOf);
  if ((sync.revisions?.length ?? 0) > tracked.length) {
    return refused(
      `operation.sync.revisions: there are ${sync.revisions?.length} revisions of ${tracked.length} sources`,
    );
  }
  const revisions = orderedRevisions(sync, list);
  const named = revisions.revisions ?? [revisions.revision ?? ""];
  const others = named.filter((text, at) => text !== "" && (given !== null || text !== compared[at]));
  if (isAutomated && !sync.dryRun && (given !== null || others.length > 0)) {
    const shown =
      others.length > 0
        ? others.join(", ")
        : sourcesOf(list)
            .map(({ repoURL }) => repoURL)
            .join(", ");
    return refused(
      `Cannot sync to ${shown}: auto-sync currently set to ${sourcesOf(spec).map(targetRevisionOf).join(", ")}`,
    );
  }
  if (given === null) return ok(revisions);
  const sources = context.read(given);
  if (!sources.ok) return refused(sources.error.map(({ message }) => `operation.sync: ${message}`).join("; "));
  return ok({ ...revisions, sources: sources.value });
}

/** The revisions that an order names, but those that are tracked anyway. */
export function orderedRevisions(sync: Sync, list: SourceList): Pick<SyncRequest, "revision" | "revisions"> {
  const fields = sourcesOf(list);
  const other = (text: string | undefined, at: number) => (text && text !== targetRevisionOf(fields[at]) ? text : "");
  if (!hasSeveral(list)) return { revision: other(sync.revision, 0) || null };
  const revisions = fields.map((_field, at) => other(sync.revisions?.[at], at));
  return revisions.every((text) => text === "") ? { revision: null } : { revision: null, revisions };
}

/** Null: the order names the app's own. */
function givenSources({ source, sources }: Sync, spec: SpecFields): SourceList | null {
  const given = sources?.length ? { sources } : source ? { source } : null;
  return given && stableText(sourcesOf(given)) !== stableText(sourcesOf(spec)) ? given : null;
}
