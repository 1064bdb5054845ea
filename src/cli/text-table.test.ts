import { expect, test } from "vitest";
import { textTable } from "./text-table.ts";

test("textTable() aligns columns whatever is painted, and keeps control characters out", () => {
  const paint = (text: string) => `<${text}>`;
  const table = textTable(
    ["A", "STATE", "M"],
    [
      ["one", { text: "Ready", paint }, "x\ny\u001b[31m"],
      ["longer", { text: "No", paint }, ""],
    ],
  );
  expect(table).toBe("A       STATE  M\none     <Ready>  x y[31m\nlonger  <No>\n");
});
