import { expect, test } from "vitest";
import { budgetRefusals, type Candidate } from "./budget.ts";

function candidates(count: number, kind = "ConfigMap", cascade: string | null = null): Candidate[] {
  return Array.from({ length: count }, (_, index) => ({
    id: { group: "", kind, namespace: "shop", name: `n${index}` },
    cascade,
  }));
}

const EVERYTHING = /every object of the app/;
const HALF = /more than half/;
const CASES = [
  { name: "allows nothing at all", doomed: candidates(0), recorded: 0, remaining: 0, allowEmpty: false, want: null },
  { name: "refuses all of one", doomed: candidates(1), recorded: 1, remaining: 0, allowEmpty: false, want: EVERYTHING },
  {
    name: "refuses all of many",
    doomed: candidates(9),
    recorded: 9,
    remaining: 0,
    allowEmpty: false,
    want: EVERYTHING,
  },
  {
    name: "allows all where empty is allowed",
    doomed: candidates(9),
    recorded: 9,
    remaining: 0,
    allowEmpty: true,
    want: null,
  },
  {
    name: "refuses to swap all, empty allowed or not",
    doomed: candidates(9),
    recorded: 9,
    remaining: 4,
    allowEmpty: true,
    want: EVERYTHING,
  },
  {
    name: "allows all but one of a small app",
    doomed: candidates(19),
    recorded: 20,
    remaining: 1,
    allowEmpty: false,
    want: null,
  },
  {
    name: "refuses more than half of a large app",
    doomed: candidates(11),
    recorded: 21,
    remaining: 10,
    allowEmpty: false,
    want: HALF,
  },
  {
    name: "refuses that also where empty is allowed",
    doomed: candidates(11),
    recorded: 21,
    remaining: 10,
    allowEmpty: true,
    want: HALF,
  },
  { name: "allows exactly half", doomed: candidates(11), recorded: 22, remaining: 11, allowEmpty: false, want: null },
  {
    name: "refuses volumes",
    doomed: candidates(1, "PersistentVolume"),
    recorded: 3,
    remaining: 2,
    allowEmpty: true,
    want: /PersistentVolume\/shop\/n0 holds data/,
  },
  {
    name: "refuses claims of volumes",
    doomed: candidates(1, "PersistentVolumeClaim"),
    recorded: 3,
    remaining: 2,
    allowEmpty: true,
    want: /holds data/,
  },
  {
    name: "refuses what takes more with it",
    doomed: candidates(1, "Namespace", "it holds Pod x"),
    recorded: 3,
    remaining: 2,
    allowEmpty: true,
    want: /Namespace\/shop\/n0: it holds Pod x/,
  },
];
for (const { name, doomed, want, ...counts } of CASES) {
  test(`budgetRefusals() ${name}`, () => {
    const refusals = budgetRefusals(doomed, counts);
    if (want === null) expect(refusals).toEqual([]);
    else expect(refusals).toEqual([expect.stringMatching(want)]);
  });
}

test("budgetRefusals() names every reason", () => {
  const doomed = [...candidates(1, "PersistentVolume"), ...candidates(1, "Namespace", "it holds Pod x")];
  const counts = { recorded: 2, remaining: 0, allowEmpty: false };
  expect(budgetRefusals(doomed, counts)).toHaveLength(3);
});

test("budgetRefusals() knows data by group and kind, not by kind alone", () => {
  const id = { group: "shop.test", kind: "PersistentVolume", namespace: "", name: "x" };
  expect(budgetRefusals([{ id, cascade: null }], { recorded: 2, remaining: 1, allowEmpty: false })).toEqual([]);
});
