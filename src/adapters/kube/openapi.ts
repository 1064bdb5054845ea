import type { GroupVersionKind } from "#core/resource/resource-id.ts";
import { isRecord } from "./json-shape.ts";
import type { Requester } from "./requester.ts";
import { schemaSetOf } from "./schema-node.ts";
import type { SchemaNode, SchemaSet } from "./schema-node.ts";
import { SharedTask } from "#async/shared-task.ts";

interface Document {
  readonly url: string;
  readonly schemas: SchemaSet;
}

const READ_LIMIT_MS = 60_000;
const REFRESH_MS = 5_000;
const EMPTY: SchemaSet = { roots: new Map(), ruled: new Set() };

/** The server's OpenAPI v3 schemas, one document per group version, read when first needed and kept by hash. */
export class OpenApi {
  readonly #requester: Requester;
  readonly #lifetime: AbortSignal;
  readonly #documents = new Map<string, Document>();
  readonly #reading = new Map<string, SharedTask<SchemaSet>>();
  readonly #readingIndex: SharedTask<ReadonlyMap<string, string>>;
  #index: ReadonlyMap<string, string> | undefined;
  #indexReadAt = -Infinity;

  constructor(requester: Requester, lifetime: AbortSignal) {
    this.#requester = requester;
    this.#lifetime = lifetime;
    this.#readingIndex = new SharedTask(lifetime, READ_LIMIT_MS);
  }

  /** A kind's schema; undefined when the server publishes none. */
  async schema(gvk: GroupVersionKind, signal: AbortSignal): Promise<SchemaNode | undefined> {
    return (await this.#schemasWith(gvk, signal)).roots.get(keyOf(gvk));
  }

  /** Whether a kind's schema carries validation rules; undefined when the server publishes no schema. */
  async hasRules(gvk: GroupVersionKind, signal: AbortSignal): Promise<boolean | undefined> {
    const { roots, ruled } = await this.#schemasWith(gvk, signal);
    return roots.has(keyOf(gvk)) ? ruled.has(keyOf(gvk)) : undefined;
  }

  /** Reads the index again when next asked; documents whose hash did not change are kept. */
  invalidate(): void {
    this.#index = undefined;
    this.#readingIndex.forget();
  }

  // Schemas are published some moments after their kind is served, so a missing one is asked for again.
  async #schemasWith(gvk: GroupVersionKind, signal: AbortSignal): Promise<SchemaSet> {
    const schemas = await this.#schemas(gvk, signal);
    if (schemas.roots.has(keyOf(gvk)) || performance.now() - this.#indexReadAt < REFRESH_MS) return schemas;
    this.invalidate();
    return this.#schemas(gvk, signal);
  }

  async #schemas(gvk: GroupVersionKind, signal: AbortSignal): Promise<SchemaSet> {
    const path = gvk.group === "" ? `api/${gvk.version}` : `apis/${gvk.group}/${gvk.version}`;
    const index = this.#index ?? (await this.#readingIndex.join((scope) => this.#readIndex(scope), signal));
    this.#index = index;
    const url = index.get(path);
    if (url === undefined) return EMPTY;
    const known = this.#documents.get(path);
    if (known?.url === url) return known.schemas;
    const task = this.#reading.get(url) ?? new SharedTask<SchemaSet>(this.#lifetime, READ_LIMIT_MS);
    this.#reading.set(url, task);
    try {
      // Asked for by an old hash the server redirects; without one it gives what it has.
      const plainUrl = url.split("?")[0] ?? url;
      const schemas = await task.join(async (scope) => schemaSetOf(await this.#document(plainUrl, scope)), signal);
      this.#documents.set(path, { url, schemas });
      return schemas;
    } finally {
      this.#reading.delete(url);
    }
  }

  async #readIndex(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const index = await this.#document("/openapi/v3", signal);
    this.#indexReadAt = performance.now();
    const paths = isRecord(index) && isRecord(index["paths"]) ? index["paths"] : {};
    const entries = Object.entries(paths).flatMap(([path, entry]) => {
      const url = isRecord(entry) ? entry["serverRelativeURL"] : undefined;
      return typeof url === "string" && url.startsWith("/") ? [[path, url] as const] : [];
    });
    return new Map(entries);
  }

  #document(path: string, signal: AbortSignal): Promise<unknown> {
    return this.#requester.sendJson({
      verb: "discover",
      method: "GET",
      path,
      kind: "",
      subject: "the OpenAPI schemas",
      repeatable: true,
      signal,
    });
  }
}

function keyOf(gvk: GroupVersionKind): string {
  return `${gvk.group}/${gvk.version}/${gvk.kind}`;
}
