import type { ObjectOptions } from "#core/app/rules.ts";
import { fieldsOfManagers, type Ignored } from "#core/diff/ignored-fields.ts";
import { digestOf } from "#core/resource/digest.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { FieldQueries, QueriedDocument } from "./field-queries.ts";

/** Two versions of an object, and what its options say about comparing them. */
export interface ComparedPair {
  readonly desired: Resource;
  readonly live: Resource;
  readonly options: Pick<ObjectOptions, "ignoredPaths" | "ignoredBy">;
}

/** An expression of an ignore rule that can be used nowhere: nobody can tell what differs. */
export class IgnoreRuleError extends Error {}

/** The fields whose differences do not count between two versions of an object. @throws IgnoreRuleError */
export async function ignoredBetween(queries: FieldQueries, pair: ComparedPair, signal: AbortSignal): Promise<Ignored> {
  const { ignoredPaths, ignoredBy } = pair.options;
  if (!ignoredBy) return ignoredPaths;
  const documents = [liveDocument(pair.live, pair.options), desiredDocument(pair)];
  await queries.load(documents, signal);
  const { live, desired } = fieldsOfManagers(pair.live, pair.desired, ignoredBy.managers);
  const [ofLive = [], ofDesired = []] = documents.map((document) => foundIn(queries, document));
  return { live: [...ignoredPaths, ...live, ...ofLive], desired: [...ignoredPaths, ...desired, ...ofDesired] };
}

/**
 * Finds out together what comparing these one after the other will ask for, and whether all of it can be used also where
 * nothing is live yet. @throws IgnoreRuleError
 */
export async function loadIgnored(
  queries: FieldQueries,
  pairs: readonly (Omit<ComparedPair, "live"> & { readonly live: Resource | undefined })[],
  signal: AbortSignal,
): Promise<void> {
  const asked = pairs.filter(({ options }) => options.ignoredBy && options.ignoredBy.queries.length > 0);
  if (asked.length === 0) return;
  const documents = asked.flatMap(({ desired, live, options }) => {
    const declared = desiredDocument({ desired, options });
    return live ? [liveDocument(live, options), declared] : [declared];
  });
  await queries.load(documents, signal);
  for (const document of documents) foundIn(queries, document);
}

function foundIn(queries: FieldQueries, document: QueriedDocument): readonly string[] {
  const found = queries.fieldsOf(document);
  if ("unusable" in found) throw new IgnoreRuleError(`Cannot compare by jqPathExpressions: ${found.unusable}`);
  return found.pointers;
}

function liveDocument(live: Resource, { ignoredBy }: ComparedPair["options"]): QueriedDocument {
  const { uid, resourceVersion } = live.metadata;
  return { version: `${uid} ${resourceVersion}`, document: live, queries: ignoredBy?.queries ?? [] };
}

function desiredDocument({ desired, options }: Pick<ComparedPair, "desired" | "options">): QueriedDocument {
  return { version: digestOf(desired), document: desired, queries: options.ignoredBy?.queries ?? [] };
}
