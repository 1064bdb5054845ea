import fc from "fast-check";
import semver from "semver";
import { describe, expect, test } from "vitest";
import { parseConstraint, parseVersion, satisfies } from "./version-constraint.ts";

function holds(range: string, version: string): boolean {
  const constraint = parseConstraint(range);
  if (constraint === undefined) throw new Error(`does not parse: ${range}`);
  return satisfies(semver.parse(version)!, constraint);
}

// Every row was worked out from the published rules of the Masterminds library.
const rows: [range: string, inside: string[], outside: string[]][] = [
  ["1.2.3", ["1.2.3"], ["1.2.4", "1.2.2"]],
  ["v1.2.3", ["1.2.3"], ["1.2.4"]],
  ["=1.2", ["1.2.0", "1.2.9"], ["1.3.0", "1.1.9"]],
  ["1.x", ["1.0.0", "1.9.9"], ["2.0.0", "0.9.0"]],
  ["1.2.*", ["1.2.0", "1.2.7"], ["1.3.0"]],
  ["*", ["0.0.0", "99.1.2"], ["1.0.0-rc.1"]],
  [">1.0", ["1.1.0", "2.0.0"], ["1.0.0", "1.0.5", "0.9.0"]],
  [">1", ["2.0.0"], ["1.9.9"]],
  [">1.2.3", ["1.2.4"], ["1.2.3"]],
  ["<2.0", ["1.9.9"], ["2.0.0", "2.0.1"]],
  [">=1.2", ["1.2.0", "3.0.0"], ["1.1.9"]],
  ["=>1.2", ["1.2.0"], ["1.1.9"]],
  ["<=1.2", ["1.2.9", "1.0.0"], ["1.3.0", "2.0.0"]],
  ["<=1", ["1.9.9"], ["2.0.0"]],
  ["<=1.2.3", ["1.2.3"], ["1.2.4"]],
  [">1.0,<2.0", ["1.1.0", "1.9.9"], ["1.0.0", "2.0.0"]],
  [">= 1.2, < 3.0.0 || >= 4.2.3", ["1.2.0", "2.9.9", "4.2.3"], ["3.0.0", "4.2.2"]],
  [">=1 <2", ["1.5.0"], ["2.0.0"]],
  ["!=1.2.3", ["1.2.4"], ["1.2.3"]],
  ["!=1.2.x", ["1.3.0", "2.2.0"], ["1.2.0", "1.2.9"]],
  ["~1.2.3", ["1.2.3", "1.2.9"], ["1.3.0", "1.2.2"]],
  ["~1.2", ["1.2.0", "1.2.9"], ["1.3.0"]],
  ["~1", ["1.0.0", "1.9.9"], ["2.0.0"]],
  ["~>1.2.3", ["1.2.9"], ["1.3.0"]],
  ["^1.2.3", ["1.2.3", "1.9.0"], ["2.0.0", "1.2.2"]],
  ["^1", ["1.9.0"], ["2.0.0"]],
  ["^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0", "1.0.0"]],
  ["^0.2", ["0.2.0"], ["0.3.0"]],
  ["^0.0.3", ["0.0.3"], ["0.0.4", "0.1.0"]],
  ["^0.0", ["0.0.9"], ["0.1.0"]],
  ["^0", ["0.0.0", "0.9.9"], ["1.0.0"]],
  ["1.2 - 1.4.5", ["1.2.0", "1.4.5"], ["1.4.6", "1.1.0"]],
  ["1.2 - 1.4", ["1.4.9"], ["1.5.0"]],
  [">=1.0.0-0", ["1.0.0-rc.1", "2.0.0-alpha"], ["0.9.0"]],
  [">=1.0.0-beta.2, <2", ["1.0.0-beta.3", "1.5.0-alpha"], ["1.0.0-beta.1", "2.0.0"]],
  ["^1.0.0", [], ["1.1.0-rc.1"]],
];

describe("satisfies()", () => {
  for (const [range, inside, outside] of rows) {
    test(`knows ${range}`, () => {
      expect(inside.filter((version) => !holds(range, version))).toEqual([]);
      expect(outside.filter((version) => holds(range, version))).toEqual([]);
    });
  }
});

const number = fc.nat({ max: 4 });
const version = fc.tuple(number, number, number).map((parts) => parts.join("."));
const operator = fc.constantFrom("", "=", "!=", ">", "<", ">=", "<=", "~", "^");
const comparison = fc.tuple(operator, version).map((parts) => parts.join(""));

test("satisfies() agrees with node-semver where both have the operator and all three numbers", () => {
  fc.assert(
    fc.property(fc.constantFrom("", "=", ">", "<", ">=", "<=", "~", "^"), version, version, (op, bound, given) => {
      expect(holds(op + bound, given)).toBe(semver.satisfies(given, op + bound));
    }),
    { numRuns: 2_000 },
  );
});

test("satisfies() takes a comma as and, || as or, != as not", () => {
  fc.assert(
    fc.property(comparison, comparison, version, (a, b, given) => {
      expect(holds(`${a}, ${b}`, given)).toBe(holds(a, given) && holds(b, given));
      expect(holds(`${a} ${b}`, given)).toBe(holds(a, given) && holds(b, given));
      expect(holds(`${a} || ${b}`, given)).toBe(holds(a, given) || holds(b, given));
      expect(holds(`!=${given}`, given)).toBe(false);
    }),
    { numRuns: 1_000 },
  );
});

test("satisfies() admits a pre-release only when the range names one", () => {
  fc.assert(
    fc.property(comparison, version, (range, given) => {
      expect(holds(range, `${given}-rc.1`)).toBe(false);
      expect(holds(">=0.0.0-0", `${given}-rc.1`)).toBe(true);
    }),
  );
});

test("parseConstraint() refuses what is no range and never throws", () => {
  for (const text of ["", "main", "1.2.3.4", ">", "1.2 -", "v", "|| ", ">=1 ||", "=v", "1..2"]) {
    expect(parseConstraint(text), text).toBeUndefined();
  }
  fc.assert(fc.property(fc.string(), (text) => void parseConstraint(text)));
  fc.assert(fc.property(fc.stringMatching(/^[0-9.x*<>=!~^, |v-]{0,40}$/), (text) => void parseConstraint(text)));
});

test("parseVersion() takes short versions only when lenient", () => {
  expect(parseVersion("v1.2.3-rc.1+b", false)?.version).toBe("1.2.3-rc.1");
  expect(parseVersion("1.2", false)).toBeUndefined();
  expect(parseVersion("v1.2", true)?.version).toBe("1.2.0");
  expect(parseVersion("release-1", true)).toBeUndefined();
});
