import { plainText } from "./terminal.ts";

/** One cell: its text, and how it is painted once its width is known. */
export interface Cell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

/** Rows in aligned columns, two blanks apart, each line ended. */
export function textTable(header: readonly string[], rows: readonly (readonly (Cell | string)[])[]): string {
  const cells = [header, ...rows].map((row) => row.map(cellOf));
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.text.length ?? 0)));
  const lines = cells.map((row) =>
    row.map((cell, column) => painted(cell, widths[column] ?? 0, row.length - 1 === column)),
  );
  return lines.map((parts) => `${parts.join("  ").trimEnd()}\n`).join("");
}

function cellOf(cell: Cell | string): Cell {
  if (typeof cell === "string") return { text: plainText(cell) };
  return { ...cell, text: plainText(cell.text) };
}

function painted(cell: Cell, width: number, isLast: boolean): string {
  const padding = isLast ? "" : " ".repeat(width - cell.text.length);
  return `${cell.paint ? cell.paint(cell.text) : cell.text}${padding}`;
}
