import { LRUCache } from "lru-cache";
import { SharedTask } from "#async/shared-task.ts";
import { DeadlineError } from "#async/with-deadline.ts";
import { cloudError } from "./cloud-error.ts";

interface Kept<T> {
  readonly task: SharedTask<T>;
  held?: { readonly value: T; readonly renewAt: number };
}

const maxKept = 1_000;
const limitMs = 30_000;
const usableShare = 0.8;
const unlimitedMs = 5 * 60_000;

/** What clouds gave, by what was asked, until four fifths of its life are over; nothing is asked for twice at a time. */
export class KeptTokens {
  readonly #kept = new LRUCache<string, Kept<unknown>>({ max: maxKept });
  readonly #lifetime: AbortSignal;
  readonly #now: () => number;

  constructor(lifetime: AbortSignal, now: () => number) {
    this.#lifetime = lifetime;
    this.#now = now;
  }

  /** What is kept under the key, or what `make` gets anew. */
  async get<T extends { readonly expiresAt: number | null }>(
    key: string,
    make: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const kept = (this.#kept.get(key) as Kept<T> | undefined) ?? { task: new SharedTask<T>(this.#lifetime, limitMs) };
    this.#kept.set(key, kept);
    if (kept.held !== undefined && this.#now() < kept.held.renewAt) return kept.held.value;
    return await kept.task.join(async (scope) => {
      const asked = this.#now();
      const value = await make(scope).catch((error: unknown) => {
        throw error instanceof DeadlineError ? cloudError(error, "ask the cloud who this is", []) : error;
      });
      const lifeMs = value.expiresAt === null ? unlimitedMs : (value.expiresAt - asked) * usableShare;
      kept.held = { value, renewAt: asked + lifeMs };
      return value;
    }, signal);
  }
}
