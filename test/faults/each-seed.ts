import { test } from "vitest";

/** Random numbers that come back with the same seed. */
export interface Chance {
  readonly seed: number;
  /** A whole number from `from` to `to`, both included. */
  between(from: number, to: number): number;
  pick<T>(items: readonly T[]): T;
}

const first = Number(process.env["SEED"] ?? 1);
const count = Number(process.env["SEEDS"] || 1);
/** Longer than all waits of a scenario together: one that was given up would go on beside the next. */
const LIMIT_MS = 600_000;

/**
 * Declares a scenario once per seed. The seed is part of the title, so a failure names it: `SEED=7 make faults` plays
 * it again.
 */
export function eachSeed(name: string, scenario: (chance: Chance) => Promise<void>): void {
  if (!Number.isInteger(first) || !Number.isInteger(count)) throw new Error("SEED and SEEDS must be whole numbers");
  for (let seed = first; seed < first + count; seed++) {
    test(`${name} [SEED=${seed}]`, { timeout: LIMIT_MS }, () => scenario(chanceOf(seed, name)));
  }
}

function chanceOf(seed: number, name: string): Chance {
  // The name takes part, so that scenarios of one seed differ in dialect and timing.
  let state = `${name} ${seed}`
    .split("")
    .reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193), 0x811c9dc5);
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    const mixed = Math.imul(state ^ (state >>> 15), state | 1);
    return ((mixed ^ (mixed >>> 13)) >>> 0) / 2 ** 32;
  };
  const between = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  return { seed, between, pick: (items) => items[between(0, items.length - 1)] as (typeof items)[number] };
}
