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
  const documents = documentsOf(pair);
  await queries.load(documents, signal);
  const { live, desired } = fieldsOfManagers(pair.live, pair.desired, ignoredBy.managers);
  const [ofLive = [], ofDesired = []] = documents.map((document) => {
    const found = queries.fieldsOf(document);
    if ("unusable" in found) throw new IgnoreRuleError(`Cannot compare by jqPathExpressions: ${found.unusable}`);
    return found.pointers;
  });
  return { live: [...ignoredPaths, ...live, ...ofLive], desired: [...ignoredPaths, ...desired, ...ofDesired] };
}

/** Finds out together what comparing these pairs one after the other will ask for. */
export async function loadIgnored(
  queries: FieldQueries,
  pairs: readonly ComparedPair[],
  signal: AbortSignal,
): Promise<void> {
  const documents = pairs.filter(({ options }) => options.ignoredBy).flatMap(documentsOf);
  if (documents.length > 0) await queries.load(documents, signal);
}

function documentsOf({ desired, live, options }: ComparedPair): QueriedDocument[] {
  const queries = options.ignoredBy?.queries ?? [];
  const { uid, resourceVersion } = live.metadata;
  return [
    { version: `${uid} ${resourceVersion}`, document: live, queries },
    { version: digestOf(desired), document: desired, queries },
  ];
}
