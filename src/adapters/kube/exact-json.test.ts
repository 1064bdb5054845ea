import fc from "fast-check";
import { expect, test } from "vitest";
import { isExactInteger, parseExactJson } from "./exact-json.ts";

test("parseExactJson() keeps integers that a double cannot hold, digit for digit", () => {
  const text = '{"a":9007199254740993,"b":[-12345678901234567890],"c":9007199254740991}';
  const value = parseExactJson(text) as { a: unknown; b: unknown[]; c: unknown };
  expect(JSON.stringify(value)).toBe(text);
  expect([isExactInteger(value.a), isExactInteger(value.b[0]), isExactInteger(value.c)]).toEqual([true, true, false]);
  expect(value.c).toBe(9007199254740991);
});

test("parseExactJson() leaves long digits in strings and fractions alone", () => {
  const text = '{"uid":"12345678901234567890","list":["1234567890123456789"],"f":0.12345678901234567}';
  expect(parseExactJson(text)).toEqual(JSON.parse(text));
});

test("parseExactJson() equals JSON.parse() for everything else", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      expect(JSON.stringify(parseExactJson(text))).toBe(text);
    }),
  );
});
