import fc from "fast-check";
import { expect, test } from "vitest";
import { base64OfText, textOfBase64 } from "./base64.ts";

test("base64OfText() encodes UTF-8 as every other encoder does", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(base64OfText(text)).toBe(Buffer.from(text, "utf8").toString("base64"));
    }),
  );
});

test("base64OfText() writes U+FFFD for half a surrogate pair", () => {
  expect(base64OfText("a\ud800b")).toBe(Buffer.from("a\ufffdb").toString("base64"));
});

test("textOfBase64() reads what base64OfText() writes, and bytes that are no text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(textOfBase64(base64OfText(text))).toBe(text);
    }),
  );
  expect(textOfBase64("/w==")).toBe("ÿ");
});
