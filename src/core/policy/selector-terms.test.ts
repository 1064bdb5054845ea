import { expect, test } from "vitest";
import { selectorProblem, termsMatch } from "./selector-terms.ts";

const labels = { tier: "web", server: "https://a.example", constructor: "x" };
const cases = [
  { terms: {}, want: true },
  { terms: { matchLabels: { tier: "web", server: "https://a.example" } }, want: true },
  { terms: { matchLabels: { tier: "db" } }, want: false },
  { terms: { matchExpressions: [{ key: "tier", operator: "In", values: ["db", "web"] }] }, want: true },
  { terms: { matchExpressions: [{ key: "none", operator: "In", values: ["db"] }] }, want: false },
  { terms: { matchExpressions: [{ key: "none", operator: "NotIn", values: ["db"] }] }, want: true },
  { terms: { matchExpressions: [{ key: "tier", operator: "NotIn", values: ["web"] }] }, want: false },
  { terms: { matchExpressions: [{ key: "tier", operator: "Exists" }] }, want: true },
  { terms: { matchExpressions: [{ key: "toString", operator: "Exists" }] }, want: false },
  { terms: { matchExpressions: [{ key: "none", operator: "DoesNotExist" }] }, want: true },
  { terms: { matchExpressions: [{ key: "tier", operator: "Like" }] }, want: false },
];
for (const { terms, want } of cases) {
  test(`termsMatch() ${JSON.stringify(terms)} is ${want}`, () => {
    expect(termsMatch(terms, labels)).toBe(want);
  });
}

test("selectorProblem() names operators and values that make no sense", () => {
  const problemOf = (operator: string, values?: string[]) =>
    selectorProblem({ matchExpressions: [{ key: "k", operator, ...(values && { values }) }] });
  expect(problemOf("In", ["a"])).toBeNull();
  expect(problemOf("Exists")).toBeNull();
  expect(problemOf("Like", ["a"])).toBe('"Like" is not a valid label selector operator');
  expect(problemOf("NotIn")).toBe("operator NotIn of k needs values");
  expect(problemOf("Exists", ["a"])).toBe("operator Exists of k takes no values");
});
