import { LRUCache } from "lru-cache";
import type { EventNote } from "#core/app/app-report.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import { digestText } from "#core/resource/digest.ts";
import { keyOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { withDeadline } from "#async/with-deadline.ts";
import type { Clock, ClusterClient, Log } from "#engine/ports.ts";
import { EventBudget } from "./event-budget.ts";
import { eventObject, eventTime } from "./event-object.ts";
import type { EventOccurrence } from "./event-object.ts";

/** What became of an event: written, counted with an equal one, left out because there were too many, or refused. */
export type EventOutcome = "written" | "repeated" | "limited" | "failed";

/** How events are written. */
export interface EventSinkOptions {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly onOutcome: (outcome: EventOutcome) => void;
  /** How long events that wait are still written after the stop. */
  readonly drainMs?: number;
}

/** Tells people what happens to their objects, in events on the cluster. */
export interface EventSink {
  /** Queues notes about an object; returns at once and never throws. */
  push(target: Resource, component: string, notes: readonly EventNote[]): void;
  /** Writes events until the signal aborts, then what waits for a little longer; resolves when it has stopped. */
  run(signal: AbortSignal): Promise<void>;
}

/** What was said already. */
interface Said {
  /** Name of the event object, once it is written. */
  name: string | null;
  /** When it was last written, by the monotonic clock. */
  at: number;
  count: number;
}

const repeatWindowMs = 5 * 60_000;
const mostWaiting = 5_000;
const mostKnown = 10_000;
const writeLimitMs = 10_000;
/** What happened matters more than the word of it. */
const late = true;

/** Creates a sink; nothing is sent before `run`. */
export function createEventSink(options: EventSinkOptions): EventSink {
  return new QueuedEventSink(options);
}

class QueuedEventSink implements EventSink {
  readonly #options: EventSinkOptions;
  readonly #budget = new EventBudget();
  /** Event objects by what they say, so that saying it again is a count. */
  readonly #said = new LRUCache<string, Said>({ max: mostKnown });
  readonly #waiting: EventOccurrence[] = [];
  #serial = 0;
  #wake: () => void = () => {};

  constructor(options: EventSinkOptions) {
    this.#options = options;
  }

  push(target: Resource, component: string, notes: readonly EventNote[]): void {
    for (const note of notes) this.#take({ target, component, note, atMs: this.#options.clock.now() });
  }

  async run(signal: AbortSignal): Promise<void> {
    const stopped = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
    // Writes under way at the stop belong to those that are still finished.
    const scope = new AbortController();
    const writing = this.#write(signal, scope.signal);
    await stopped;
    this.#wake();
    const timer = setTimeout(() => scope.abort(new Error("Stopped")), this.#options.drainMs ?? 5_000);
    await writing;
    clearTimeout(timer);
    const left = this.#waiting.splice(0).length;
    if (left > 0) this.#options.log.warn({ events: left }, "stopped before all events were written");
  }

  #take(occurrence: EventOccurrence): void {
    const { clock, onOutcome } = this.#options;
    const saying = sayingOf(occurrence);
    const said = this.#said.get(saying) ?? { name: null, at: Number.NEGATIVE_INFINITY, count: 0 };
    const now = clock.monotonic();
    if (now - said.at < repeatWindowMs) {
      said.count += 1;
      return onOutcome("repeated");
    }
    const object = occurrence.target.metadata.uid ?? keyOf(occurrence.target);
    const fits = this.#waiting.length < mostWaiting;
    if (!fits || !this.#budget.take(object, now)) return onOutcome("limited");
    // Before it is written, so that what is said again meanwhile is a repetition already.
    said.at = now;
    said.count += 1;
    this.#said.set(saying, said);
    this.#waiting.push(occurrence);
    this.#wake();
  }

  async #write(stop: AbortSignal, scope: AbortSignal): Promise<void> {
    while (!scope.aborted) {
      const occurrence = this.#waiting.shift();
      if (occurrence !== undefined) await this.#writeOne(occurrence, scope);
      else if (stop.aborted) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async #writeOne(occurrence: EventOccurrence, scope: AbortSignal): Promise<void> {
    const { log, onOutcome } = this.#options;
    const { target, component, note } = occurrence;
    try {
      await withDeadline(scope, writeLimitMs, (signal) => this.#send(occurrence, signal));
      onOutcome("written");
    } catch (error) {
      this.#said.delete(sayingOf(occurrence));
      onOutcome("failed");
      const fields = { object: keyOf(target), component, reason: note.reason, error };
      log.warn(fields, "event could not be written");
    }
  }

  async #send(occurrence: EventOccurrence, signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    const { component: manager, target, atMs } = occurrence;
    const said = this.#said.get(sayingOf(occurrence));
    if (said?.name) {
      const namespace = target.metadata.namespace ?? "default";
      const ref = { apiVersion: "v1", kind: "Event", namespace, name: said.name };
      const body = { count: said.count, lastTimestamp: eventTime(atMs) };
      if (await client.patch(ref, body, { type: "merge", manager, signal, late }).catch(orGone)) return;
      said.count = 1;
    }
    const object = eventObject(occurrence, (this.#serial += 1));
    await client.create(object, { manager, signal, late });
    if (said) said.name = object.metadata.name;
  }
}

// The API server forgets events after an hour.
function orGone(error: unknown): null {
  if (error instanceof ApiError && error.code === 404) return null;
  throw error;
}

function sayingOf({ target, component, note }: EventOccurrence): string {
  const object = target.metadata.uid ?? keyOf(target);
  return digestText(JSON.stringify([object, component, note.type, note.reason, note.message]));
}
