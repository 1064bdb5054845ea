/** How a request went, as far as it tells about the server's load. */
export type LoadSample =
  | { readonly kind: "answered"; readonly ms: number }
  | { readonly kind: "overloaded" }
  /** Says nothing: a list, whose time depends on its size, or a request that never left. */
  | { readonly kind: "silent" };

/** Bounds of the limiter and its clock. */
export interface LimiterOptions {
  readonly start?: number;
  readonly min?: number;
  readonly max?: number;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

interface Waiter {
  grant(): void;
  readonly since: number;
}

// A window's median this much above the best one seen means that requests queue inside the server.
const SLOWDOWN = 2;
const SLOWDOWN_FLOOR_MS = 10;
// Fewer requests that are not this much faster show that it is not ours that queue.
const RELIEF = 0.9;
// The best median is measured afresh now and then, with few requests under way: a server may become slower for good.
const BASELINE_AGE_MS = 60_000;
const OVERLOAD_REST_MS = 1_000;
/** A request that can wait goes when no more than this many are under way, or after this time. */
const QUIET = 4;
const LATEST_MS = 2_000;

/**
 * Bounds how many requests are under way, first come first served but for those that can wait a moment: more while the server keeps its pace, fewer when it
 * slows down, times out or says 429. A pause holds all of them back.
 */
export class RequestLimiter {
  readonly #min: number;
  readonly #max: number;
  readonly #now: () => number;
  readonly #waiting = new Set<Waiter>();
  /** Those that can wait. */
  readonly #late = new Set<Waiter>();
  #limit: number;
  #running = 0;
  #samples: number[] = [];
  #crowded = false;
  #baselineMs = Infinity;
  #baselineAt = -Infinity;
  /** The median that the last window was shrunk for. */
  #shrunkAtMs: number | undefined;
  /** The limit to go back to after a window that measures the baseline. */
  #limitBeforeProbe: number | undefined;
  #overloadedAt = -Infinity;
  #pausedUntil = 0;
  #wake: NodeJS.Timeout | undefined;

  constructor(options: LimiterOptions = {}) {
    this.#min = options.min ?? 4;
    this.#max = options.max ?? 64;
    this.#limit = options.start ?? 16;
    this.#now = options.now ?? (() => performance.now());
  }

  /** How many requests may be under way now. */
  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** Waits for a place, which others may get first for a moment when it is a late one; it is given back with `release`. */
  acquire(signal: AbortSignal, late?: true): Promise<void> {
    signal.throwIfAborted();
    if (!this.#isAwaited() && this.#hasRoom(late)) {
      this.#running += 1;
      return Promise.resolve();
    }
    this.#crowded ||= !late;
    const queue = late ? this.#late : this.#waiting;
    return new Promise((resolve, reject) => {
      const leave = () => {
        queue.delete(waiter);
        if (!this.#isAwaited()) this.#clearWake();
        reject(signal.reason);
      };
      const waiter: Waiter = {
        since: this.#now(),
        grant: () => {
          signal.removeEventListener("abort", leave);
          resolve();
        },
      };
      signal.addEventListener("abort", leave, { once: true });
      queue.add(waiter);
      this.#admit();
    });
  }

  /** Gives a place back and tells how the request went. */
  release(sample: LoadSample): void {
    this.#running -= 1;
    if (sample.kind === "overloaded") this.#shrink();
    if (sample.kind === "answered") this.#learn(sample.ms);
    this.#admit();
  }

  /** Grants nothing for the next `ms` milliseconds. */
  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#now() + ms);
  }

  /** Milliseconds until requests may leave again; 0 when they may now. */
  get pausedForMs(): number {
    return Math.max(0, this.#pausedUntil - this.#now());
  }

  #hasRoom(late?: boolean): boolean {
    const limit = late ? Math.min(QUIET, this.limit) : this.limit;
    return this.#running < limit && this.pausedForMs === 0;
  }

  #isAwaited(): boolean {
    return this.#waiting.size + this.#late.size > 0;
  }

  /** Who is next, if there is room. */
  #next(): Waiter | undefined {
    const [first] = this.#waiting;
    const [late] = this.#late;
    if (late && this.#now() - late.since >= LATEST_MS && this.#hasRoom()) return late;
    if (first) return this.#hasRoom() ? first : undefined;
    return this.#hasRoom(true) ? late : undefined;
  }

  #admit(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#waiting.delete(next);
      this.#late.delete(next);
      this.#running += 1;
      next.grant();
    }
    if (this.#isAwaited() && this.pausedForMs > 0 && !this.#wake) {
      this.#wake = setTimeout(() => {
        this.#wake = undefined;
        this.#admit();
      }, this.pausedForMs);
    }
  }

  #clearWake(): void {
    clearTimeout(this.#wake);
    this.#wake = undefined;
  }

  #shrink(): void {
    const now = this.#now();
    if (now - this.#overloadedAt < OVERLOAD_REST_MS) return; // Many answers of one overload count once.
    this.#overloadedAt = now;
    this.#limit = Math.max(this.#min, this.#limit / 2);
    this.#limitBeforeProbe = undefined;
    this.#startWindow();
  }

  #learn(ms: number): void {
    this.#samples.push(ms);
    if (this.#samples.length < Math.max(16, this.limit)) return;
    const median = this.#samples.sort((a, b) => a - b)[this.#samples.length >> 1] ?? ms;
    if (this.#limitBeforeProbe !== undefined) this.#endProbe(this.#limitBeforeProbe, median);
    else this.#adjust(median);
    this.#startWindow();
  }

  #adjust(median: number): void {
    const slow = median > this.#baselineMs * SLOWDOWN + SLOWDOWN_FLOOR_MS;
    const inVain = slow && this.#shrunkAtMs !== undefined && median > this.#shrunkAtMs * RELIEF;
    if (inVain) this.#baselineMs = median;
    else if (slow) this.#limit = Math.max(this.#min, this.#limit * 0.8);
    else if (this.#crowded) this.#limit = Math.min(this.#max, this.#limit + Math.max(1, this.#limit / 8));
    this.#shrunkAtMs = slow && !inVain ? median : undefined;
    if (this.#baselineMs === Infinity) this.#baselineAt = this.#now();
    this.#baselineMs = Math.min(this.#baselineMs, median);
    if (this.#now() - this.#baselineAt < BASELINE_AGE_MS) return;
    this.#limitBeforeProbe = this.#limit;
    this.#limit = Math.max(this.#min, this.#limit / 4);
  }

  #endProbe(limit: number, median: number): void {
    this.#baselineMs = median;
    this.#baselineAt = this.#now();
    this.#limit = limit;
    this.#limitBeforeProbe = undefined;
  }

  #startWindow(): void {
    this.#samples = [];
    this.#crowded = this.#waiting.size > 0;
  }
}
