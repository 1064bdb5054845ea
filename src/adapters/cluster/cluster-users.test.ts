import { expect, test } from "vitest";
import { issueTokens, tokenFileText, tokenOf } from "./cluster-users.ts";

test("issueTokens() gives every user a long token of its own", () => {
  const tokens = issueTokens([{ name: "reader", groups: [] }]);
  const values = [...tokens.values()].map((issued) => issued.token);
  expect(new Set(values).size).toBe(tokens.size);
  expect(values.every((token) => token.length >= 43)).toBe(true);
  expect(tokenOf(issueTokens([]), "admin")).not.toBe(tokenOf(tokens, "admin"));
});

test("issueTokens() refuses a name that is taken", () => {
  expect(() => issueTokens([{ name: "admin", groups: [] }])).toThrow("each name must be new");
});

test("tokenOf() names those there are, not their tokens", () => {
  const tokens = issueTokens([]);
  expect(() => tokenOf(tokens, "nobody")).toThrow(/"nobody".*admin/);
  expect(() => tokenOf(tokens, "nobody")).not.toThrow(tokenOf(tokens, "admin"));
});

test("tokenFileText() quotes names and joins groups", () => {
  const text = tokenFileText(new Map([["a", { user: { name: 'a "b"', groups: ["one", "two"] }, token: "secret" }]]));
  expect(text).toBe('"secret","a ""b""","a ""b""","one,two"\n');
});
