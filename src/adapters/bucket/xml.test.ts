import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { childText, parseXml, XmlError } from "./xml.ts";

const escaped: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&#62;", '"': "&quot;" };

describe("parseXml()", () => {
  test("reads elements and text, past declarations, comments and attributes", () => {
    const document = `\uFEFF<?xml version="1.0"?>\n<!-- a > b -->\n<List xmlns="urn:x" a='1'><Key> a &amp; &#x62; </Key><Empty/><In><Key>c</Key></In></List>\n`;
    const list = parseXml(document);
    expect(list.children.map(({ name }) => name)).toEqual(["Key", "Empty", "In"]);
    expect(childText(list, "Key")).toBe(" a & b ");
    expect(childText(list, "Absent")).toBeUndefined();
  });

  test("gives back every text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const inner = text.replace(/[&<>"]/g, (char) => escaped[char]!);
        expect(parseXml(`<a>${inner}</a>`).text).toBe(text);
      }),
    );
  });

  const refusals = [
    `<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`,
    "<a>&b;</a>",
    "<a>&#x110000;</a>",
    "<a>&</a>",
    "<a></b>",
    "<a>",
    "</a>",
    "<a/><b/>",
    "text",
    "",
    "<a",
    "<a b=c/>",
    "<html><br></html>",
    "<a>".repeat(17) + "</a>".repeat(17),
  ];
  for (const document of refusals) {
    test(`refuses ${JSON.stringify(document.slice(0, 50))}`, () => {
      expect(() => parseXml(document)).toThrow(XmlError);
    });
  }
});
