import { expect, test } from "vitest";
import { setBudgetRefusal } from "./set-budget.ts";

const usual = { limit: null, isPassing: false };
const passing = { limit: null, isPassing: true };

const cases = [
  { name: "allows nothing at all", recorded: 5, doomed: 0, budget: usual, want: null },
  { name: "allows most of a few", recorded: 20, doomed: 19, budget: usual, want: null },
  { name: "holds all of a few", recorded: 2, doomed: 2, budget: usual, want: /every application \(2 of 2\)/ },
  { name: "holds the only one", recorded: 1, doomed: 1, budget: usual, want: /every application/ },
  { name: "allows half of many", recorded: 40, doomed: 20, budget: usual, want: null },
  {
    name: "holds more than half of many",
    recorded: 40,
    doomed: 21,
    budget: usual,
    want: /more than half.*\(21 of 40\)/,
  },
  { name: "allows the last of those that pass", recorded: 1, doomed: 1, budget: passing, want: null },
  { name: "holds many of those that pass", recorded: 30, doomed: 30, budget: passing, want: /more than half/ },
  {
    name: "keeps to a number",
    recorded: 9,
    doomed: 3,
    budget: { limit: { count: 2 }, isPassing: true },
    want: /limit of 2/,
  },
  {
    name: "allows as many as the number",
    recorded: 2,
    doomed: 2,
    budget: { limit: { count: 2 }, isPassing: false },
    want: null,
  },
  {
    name: "keeps to a share",
    recorded: 10,
    doomed: 6,
    budget: { limit: { percent: 50 }, isPassing: false },
    want: /limit of 5/,
  },
  {
    name: "allows all where all may go",
    recorded: 50,
    doomed: 50,
    budget: { limit: { percent: 100 }, isPassing: false },
    want: null,
  },
] as const;

for (const { name, recorded, doomed, budget, want } of cases) {
  test(`setBudgetRefusal() ${name}`, () => {
    const refusal = setBudgetRefusal({ recorded, doomed }, budget);
    if (want === null) expect(refusal).toBeNull();
    else expect(refusal).toMatch(want);
  });
}
