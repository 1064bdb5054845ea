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
}

// A window's median this much above the best one seen means that requests queue inside the server.
const SLOWDOWN = 2;
const SLOWDOWN_FLOOR_MS = 10;
// Fewer requests that are not this much faster show that it is not ours that queue.
const RELIEF = 0.9;
// The best median is measured afresh now and then, with few requests under way: a server may become slower for good.
const BASELINE_AGE_MS = 60_000;
const OVERLOAD_REST_MS = 1_000;

/**
 * Bounds how many requests are under way, first come first served: more while the server keeps its pace, fewer when it
 * slows down, times out or says 429. A pause holds all of them back.
 */
export class RequestLimiter {
  readonly #min: number;
  readonly #max: number;
  readonly #now: () => number;
  readonly #waiting = new Set<Waiter>();
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

  /** Waits for a place; whoever got one gives it back with `release`. */
  acquire(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#waiting.size === 0 && this.#hasRoom()) {
      this.#running += 1;
      return Promise.resolve();
    }
    this.#crowded = true;
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(waiter);
        if (this.#waiting.size === 0) this.#clearWake();
        reject(signal.reason);
      };
      const waiter: Waiter = {
        grant: () => {
          signal.removeEventListener("abort", leave);
          resolve();
        },
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.add(waiter);
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

  #hasRoom(): boolean {
    return this.#running < this.limit && this.pausedForMs === 0;
  }

  #admit(): void {
    for (const waiter of this.#waiting) {
      if (!this.#hasRoom()) break;
      this.#waiting.delete(waiter);
      this.#running += 1;
      waiter.grant();
    }
    if (this.#waiting.size > 0 && this.pausedForMs > 0 && !this.#wake) {
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
