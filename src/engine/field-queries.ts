import { LRUCache } from "lru-cache";
import type { Resource } from "#core/resource/resource.ts";
import type { FieldFinder, FoundFields } from "./field-finder.ts";

/** A document in which fields are looked for, and what tells it from every other one. */
export interface QueriedDocument {
  readonly version: string;
  readonly document: Resource;
  readonly queries: readonly string[];
}

const MAX_ANSWERS = 20_000;
const MAX_BATCH = 100;
const UNUSABLE_FOR_MS = 60_000;

/** The fields that expressions name in objects: asked once for each version of an object. */
export class FieldQueries {
  readonly #finder: FieldFinder;
  readonly #answers = new LRUCache<string, readonly string[]>({ max: MAX_ANSWERS });
  /** Expressions that overran or are none: what ends a helper is not tried with the next object at once. */
  readonly #unusable = new LRUCache<string, string>({ max: 1_000, ttl: UNUSABLE_FOR_MS });

  constructor(finder: FieldFinder) {
    this.#finder = finder;
  }

  /** Finds out what is not known yet of these documents, all at once. */
  async load(documents: readonly QueriedDocument[], signal: AbortSignal): Promise<void> {
    const missing = documents
      .map((one) => ({ ...one, queries: one.queries.filter((query) => this.#isUnknown(one, query)) }))
      .filter(({ queries }) => queries.length > 0);
    for (let at = 0; at < missing.length; at += MAX_BATCH) {
      const batch = missing.slice(at, at + MAX_BATCH);
      const asked = batch.map(({ document, queries }) => ({ document, queries }));
      const found = await this.#finder.find(asked, signal);
      batch.forEach((one, index) => this.#take(one, found[index] ?? []));
    }
  }

  /** JSON pointers of all that a document's expressions name, which were loaded before; or why one cannot be used. */
  fieldsOf({ version, queries }: QueriedDocument): FoundFields {
    const pointers: string[] = [];
    for (const query of queries) {
      const unusable = this.#unusable.get(query);
      if (unusable !== undefined) return { unusable: `${query.slice(0, 200)}: ${unusable}` };
      pointers.push(...(this.#answers.get(keyOf(version, query)) ?? []));
    }
    return { pointers };
  }

  #isUnknown({ version }: QueriedDocument, query: string): boolean {
    return !this.#unusable.has(query) && !this.#answers.has(keyOf(version, query));
  }

  #take({ version, queries }: QueriedDocument, found: readonly FoundFields[]): void {
    queries.forEach((query, at) => {
      const answer = found[at] ?? { unusable: "nobody answered" };
      if ("unusable" in answer) this.#unusable.set(query, answer.unusable);
      else this.#answers.set(keyOf(version, query), answer.pointers);
    });
  }
}

function keyOf(version: string, query: string): string {
  return `${version}\n${query}`;
}
