import { expect, test } from "vitest";
import { honestReport } from "./run-vitest.ts";

const good = { passed: 3, failures: [] };
const bad = { passed: 3, failures: [{ title: "a.test.ts: it works", said: ["Error: no"] }] };

test("honestReport() leaves a run as it was told", () => {
  expect(honestReport("unit", good, true)).toEqual(good);
  expect(honestReport("unit", bad, false)).toEqual(bad);
});

test("honestReport() never calls a run good that crashed, ran nothing or ended badly", () => {
  const failure = (said: string) => [{ title: "unit tests", said: [said] }];
  expect(honestReport("unit", null, true)).toEqual({ passed: 0, failures: failure("it ended before its report") });
  expect(honestReport("unit", { ...good, passed: 0 }, true).failures).toEqual(failure("no test ran"));
  expect(honestReport("unit", good, false)).toEqual({ passed: 3, failures: failure("it ended badly") });
});
