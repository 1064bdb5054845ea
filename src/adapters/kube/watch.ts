import { sleep } from "#async/with-deadline.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import { joinApiVersion } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { KindInfo, Selection, WatchHandler } from "#engine/ports.ts";
import { failureOf } from "./api-failure.ts";
import { parseExactJson } from "./exact-json.ts";
import { isRecord } from "./json-shape.ts";
import { KnownObjects } from "./known-objects.ts";
import { LineFramer } from "./line-framer.ts";
import { metadataAccept, metadataOf } from "./object-metadata.ts";
import { listAll, selectionQuery, selectionText } from "./paged-list.ts";
import type { Requester } from "./requester.ts";
import { collectionPath } from "./resource-path.ts";
import { IdleError, withIdleLimit } from "./with-idle-limit.ts";

/** Timing of watches, and who hears of handlers that throw. */
export interface WatchTiming {
  /** Longest silence before a watch counts as stalled; the server sends a bookmark every minute. */
  readonly idleLimitMs: number;
  /** Lists after an expired watch are spread over this time. */
  readonly relistSpreadMs: number;
  readonly backoffMs: number;
  readonly backoffLimitMs: number;
  readonly random: () => number;
  readonly onError: (error: unknown, during: string) => void;
}

/** What to watch and who is told. */
export interface WatchRequest {
  readonly info: KindInfo;
  readonly selection: Selection;
  readonly handler: WatchHandler;
  readonly signal: AbortSignal;
}

const SHORT_STREAM_MS = 1_000;
const STREAM_FAILURES_BEFORE_LIST = 5;

/** Follows one selection until its signal aborts: lists, watches, and starts over where it must. */
export class Watch {
  readonly #requester: Requester;
  readonly #timing: WatchTiming;
  readonly #request: WatchRequest;
  readonly #text: string;
  readonly #known: KnownObjects;
  /** Where the stream continues; undefined when only a list can tell. */
  #resourceVersion: string | undefined;
  #failures = 0;
  #failing: string | undefined;

  constructor(requester: Requester, timing: WatchTiming, request: WatchRequest) {
    this.#requester = requester;
    this.#timing = timing;
    this.#request = request;
    this.#text = selectionText(request.info, request.selection);
    const { handler } = request;
    this.#known = new KnownObjects({
      upsert: (object) => this.#tell(() => handler.upsert(object)),
      gone: (object) => this.#tell(() => handler.gone(object)),
    });
  }

  /** Runs until the signal aborts and resolves then; no failure ends it. */
  async run(): Promise<void> {
    const { signal } = this.#request;
    while (!signal.aborted) {
      try {
        if (this.#resourceVersion === undefined) await this.#list();
        else await this.#follow(this.#resourceVersion);
      } catch (error) {
        if (signal.aborted) return;
        await this.#recover(error);
      }
    }
  }

  async #list(): Promise<void> {
    const { info, selection, handler, signal } = this.#request;
    let list = await listAll(this.#requester, { info, selection, signal });
    if (list.items.length === 0 && this.#known.size > 0) {
      // Everything gone at once is more often a fault of the server than the truth: ask the quorum again.
      await sleep(this.#jittered(this.#timing.backoffMs), signal);
      list = await listAll(this.#requester, { info, selection, signal });
    }
    if (!list.resourceVersion) throw new SyntaxError("The list has no resourceVersion");
    await this.#known.replace(list.items, signal);
    this.#resourceVersion = list.resourceVersion;
    this.#failures = 0;
    this.#failing = undefined;
    this.#tell(() => handler.synced());
  }

  async #follow(from: string): Promise<void> {
    const started = performance.now();
    const framer = new LineFramer();
    try {
      await withIdleLimit(this.#request.signal, this.#timing.idleLimitMs, (scope, moved) =>
        this.#requester.stream(this.#call(from, scope), {
          opened: () => this.#opened(),
          data: (chunk) => {
            moved();
            for (const line of framer.push(chunk)) this.#take(line);
          },
        }),
      );
    } catch (error) {
      if (!(error instanceof IdleError)) throw error;
    }
    if (performance.now() - started >= SHORT_STREAM_MS) this.#failures = 0;
    // A server that ends streams at once must not be asked in a tight loop.
    else await sleep(this.#jittered(SHORT_STREAM_MS), this.#request.signal);
  }

  #call(resourceVersion: string, signal: AbortSignal) {
    const { info, selection } = this.#request;
    return {
      verb: "watch",
      method: "GET",
      path: collectionPath(info, selection.namespace),
      query: {
        watch: "true",
        allowWatchBookmarks: "true",
        resourceVersion,
        timeoutSeconds: String(300 + Math.floor(this.#timing.random() * 300)),
        ...selectionQuery(selection),
      },
      kind: info.kind,
      subject: this.#text,
      ...(selection.metadataOnly ? { accept: metadataAccept.watch } : {}),
      repeatable: true,
      signal,
    } as const;
  }

  #opened(): void {
    if (this.#failing === undefined) return;
    this.#failing = undefined;
    // Nothing was missed: the stream continues where it broke.
    this.#tell(() => this.#request.handler.synced());
  }

  #take(line: string): void {
    const event = parseExactJson(line);
    if (!isRecord(event) || !isRecord(event["object"])) throw new SyntaxError("A watch event has no object");
    const { type, object } = event;
    if (type === "ERROR") throw this.#streamError(object);
    this.#failures = 0;
    const resource = this.#wanted(object as Resource);
    if (type === "ADDED" || type === "MODIFIED") this.#known.upsert(resource);
    else if (type === "DELETED") this.#known.remove(resource);
    const version = resource.metadata.resourceVersion;
    if (version) this.#resourceVersion = version;
  }

  #wanted(object: Resource): Resource {
    const { info, selection } = this.#request;
    return selection.metadataOnly ? metadataOf(object, { apiVersion: joinApiVersion(info), kind: info.kind }) : object;
  }

  #streamError(status: Record<string, unknown>): ApiError {
    const code = typeof status["code"] === "number" ? status["code"] : 500;
    const subject = { verb: "watch", kind: this.#request.info.kind, text: this.#text };
    return failureOf(subject, { status: code, retryAfter: undefined, body: JSON.stringify(status) });
  }

  async #recover(error: unknown): Promise<void> {
    const { signal } = this.#request;
    const expired = error instanceof ApiError && error.code === 410;
    this.#failures += 1;
    if (!expired) this.#reportFailure(error);
    // A server that is away keeps our place in the stream; one that goes on refusing it may have lost its history.
    const away = error instanceof ApiError && error.code === 0;
    const refused = !away && this.#failures >= STREAM_FAILURES_BEFORE_LIST;
    if (expired || refused) this.#resourceVersion = undefined;
    const growth = this.#timing.backoffMs * 2 ** Math.min(this.#failures - 1, 20);
    const waitMs = expired
      ? this.#timing.random() * this.#timing.relistSpreadMs
      : this.#jittered(Math.min(this.#timing.backoffLimitMs, growth));
    try {
      await sleep(waitMs, signal);
    } catch {
      // Only the signal ends the sleep early, and the loop looks at it next.
    }
  }

  #reportFailure(error: unknown): void {
    const failure = error instanceof Error ? error : new Error("Cannot watch", { cause: error });
    // An open stream that breaks once is everyday life; it only matters when it cannot be opened again.
    if (this.#resourceVersion !== undefined && this.#failures < 2) return;
    if (this.#failing === failure.message) return;
    this.#failing = failure.message;
    this.#tell(() => this.#request.handler.failed(failure));
  }

  #tell(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#timing.onError(error, `a handler of the watch of ${this.#text}`);
    }
  }

  #jittered(ms: number): number {
    return ms * (0.5 + this.#timing.random() / 2);
  }
}
