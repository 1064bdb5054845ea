import type { Clock } from "./ports.ts";

/** What the lease says of the leader before this one. */
export interface EarlierLeader {
  /** What `LedAlone.text()` gave it. */
  readonly memo: string;
  /** The last moment at which it may have written, milliseconds since the epoch. */
  readonly until: number;
}

/**
 * Since when Holdfast has led without seeing a vendor's controller alive, by dialect. It goes from leader to leader with
 * the lease: without it a new leader would take the last words of the one before for those of a rival.
 */
export class LedAlone {
  readonly #clock: Clock;
  readonly #since = new Map<string, number>();
  #inherited: ReadonlyMap<string, number> = new Map();
  #until = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, dialects: readonly string[]) {
    this.#clock = clock;
    for (const dialect of dialects) this.#since.set(dialect, clock.now());
  }

  /** Takes over what the leader before knew; a memo that nobody could have written says nothing. */
  inherit({ memo, until }: EarlierLeader): void {
    const inherited = parsed(memo);
    for (const [dialect, since] of inherited) if (this.#since.has(dialect)) this.#since.set(dialect, since);
    this.#inherited = inherited;
    this.#until = until;
  }

  /** Takes note of whether the vendor's controller is alive; undefined: nobody knows yet. */
  note(dialect: string, rival: string | null | undefined): void {
    if (rival === undefined) return;
    if (rival !== null) this.#since.delete(dialect);
    else if (!this.#since.has(dialect)) this.#since.set(dialect, this.#clock.now());
  }

  /** Whether a status written at `at`, before this process led, can only be a leader's of ours. Times are whole seconds. */
  wrote(dialect: string, at: number): boolean {
    const since = this.#inherited.get(dialect);
    return since !== undefined && at >= Math.floor(since / 1_000) * 1_000 && at <= this.#until;
  }

  /** What the next leader shall know. */
  text(): string {
    return JSON.stringify(Object.fromEntries(this.#since));
  }
}

function parsed(memo: string): ReadonlyMap<string, number> {
  try {
    const value: unknown = JSON.parse(memo);
    if (typeof value !== "object" || value === null) return new Map();
    return new Map(Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === "number"));
  } catch {
    return new Map();
  }
}
