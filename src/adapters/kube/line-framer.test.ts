import fc from "fast-check";
import { expect, test } from "vitest";
import { LineFramer } from "./line-framer.ts";

test("LineFramer gives the same lines wherever the bytes are cut", () => {
  const line = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !text.includes("\n"));
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(30)), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""));
      const framer = new LineFramer();
      const got: string[] = [];
      let at = 0;
      for (const size of [...cuts, bytes.length]) {
        got.push(...framer.push(bytes.subarray(at, at + size)));
        at += size;
      }
      expect(got).toEqual(lines);
    }),
  );
});

test("LineFramer keeps an unfinished line back", () => {
  const framer = new LineFramer();
  expect([...framer.push(Buffer.from("a\n\nb"))]).toEqual(["a"]);
  expect([...framer.push(Buffer.from("c\n"))]).toEqual(["bc"]);
});
