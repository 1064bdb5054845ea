import { beforeEach, describe, expect, test } from "vitest";
import { idKey } from "#core/resource/resource-id.ts";
import { type AppState, newAppState } from "./app-state.ts";
import { fightNotices, healAllowedAt, mayHealNow, nextHealAt, noteHeal } from "./heal-policy.ts";
import { plainApp } from "./testing/app.ts";
import { appObject, plainDialect } from "./testing/dialect.ts";

const KEY = idKey({ group: "apps", kind: "Deployment", namespace: "a", name: "web" });
const OTHER = idKey({ group: "", kind: "ConfigMap", namespace: "a", name: "x" });
const DRIFT = { paths: ["/spec/replicas"], by: "autoscaler" };

let state: AppState;
beforeEach(() => void (state = newAppState(plainApp("shop"), plainDialect, appObject("shop"))));

/** Heals as soon as it is allowed, against a writer that reverts at once; returns the pauses before each. */
function fight(rounds: number): number[] {
  const pauses: number[] = [];
  let now = 0;
  for (let round = 0; round < rounds; round++) {
    const allowed = Math.max(now, healAllowedAt(state, KEY));
    pauses.push(allowed - now);
    now = allowed;
    noteHeal(state, KEY, { ...DRIFT, now });
  }
  return pauses;
}

describe("a fight over an object", () => {
  test("is healed at once three times, then more and more slowly, up to a quarter of an hour", () => {
    const seconds = fight(13).map((pause) => pause / 1_000);
    expect(seconds).toEqual([0, 0, 0, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900]);
  });

  test("holds up no other object", () => {
    fight(6);
    expect(healAllowedAt(state, OTHER)).toBe(0);
    expect(healAllowedAt(state, KEY)).toBeGreaterThan(0);
  });

  test("names the object, the field and the writer from the third round on", () => {
    fight(2);
    expect(fightNotices(state, 0)).toEqual([]);
    noteHeal(state, KEY, { ...DRIFT, now: 0 });
    const [notice, ...others] = fightNotices(state, 0);
    expect(others).toEqual([]);
    expect(notice?.kind).toBe("fight");
    for (const word of ["web", "/spec/replicas", "autoscaler"]) expect(notice?.message).toContain(word);
  });

  test("is over when nobody reverted anything for twice the pause", () => {
    fight(6);
    const last = state.fights.get(KEY)?.lastAt ?? 0;
    expect(fightNotices(state, last + 160_000)).toHaveLength(1);
    expect(fightNotices(state, last + 160_001)).toEqual([]);
    expect(healAllowedAt(state, KEY)).toBe(0);
  });

  test("is not made of edits that lie more than a minute apart", () => {
    for (let round = 0; round < 10; round++) {
      const now = round * 60_000;
      expect(healAllowedAt(state, KEY)).toBeLessThanOrEqual(now);
      noteHeal(state, KEY, { ...DRIFT, now });
    }
    expect(fightNotices(state, 9 * 60_000)).toEqual([]);
  });
});

describe("waits between healings", () => {
  const healBackoff = { baseMs: 2_000, factor: 3, maxMs: 10_000 };
  const healed = (healAttempts: number) => {
    const app = plainApp("shop");
    const lastSync = { finishedAt: 1_000, healAttempts } as AppState["lastSync"];
    return { app: { ...app, policy: { ...app.policy, healBackoff } }, lastSync };
  };

  test("grow with each healing in a row, up to their bound; the first healing waits for nothing", () => {
    expect([0, 1, 2, 3, 9].map((attempts) => nextHealAt(healed(attempts)))).toEqual([
      null,
      3_000,
      7_000,
      11_000,
      11_000,
    ]);
    expect(mayHealNow(healed(1), 2_999)).toBe(false);
    expect(mayHealNow(healed(1), 3_000)).toBe(true);
  });

  test("are not there where nobody wants them", () => {
    expect(nextHealAt({ app: plainApp("shop"), lastSync: healed(3).lastSync })).toBeNull();
  });
});
