import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { format } from "prettier";
import { fluxRows } from "./compatibility/flux-rows.ts";
import type { Row } from "./compatibility/row.ts";

const root = join(import.meta.dirname, "..");
const begin = "<!-- begin: written by tools/generate-compatibility.ts -->";
const end = "<!-- end -->";

/** The tables of a page, part by part. */
export function rowTables(rows: readonly Row[]): string {
  const parts = [...new Set(rows.map(({ part }) => part))];
  return parts
    .map((part) =>
      tableOf(
        part,
        rows.filter((row) => row.part === part),
      ),
    )
    .join("\n");
}

/** Tests that rows name and that are not there, as `file: title`. */
export async function missingTests(rows: readonly Row[], folder: string): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const test of new Set(rows.flatMap(({ tests }) => tests))) {
    const { file, title } = partsOf(test);
    const text = await readFile(join(folder, file), "utf8").catch(() => "");
    if (!text.includes(title)) missing.push(test);
  }
  return missing;
}

function tableOf(part: string, rows: readonly Row[]): string {
  const lines = rows.map(({ what, note = "", tests }) => {
    const state = tests.length === 0 ? `not yet: ${note}` : note === "" ? "served" : `served: ${note}`;
    const links = tests.map((test) => {
      const { file, title } = partsOf(test);
      return `[${title.replaceAll("|", "\\|")}](../../${file})`;
    });
    return `| ${what} | ${state} | ${links.join("; ")} |`;
  });
  return [`## ${part}`, "", "| What | State | Shown by |", "| --- | --- | --- |", ...lines, ""].join("\n");
}

function partsOf(test: string): { file: string; title: string } {
  const at = test.indexOf(": ");
  return { file: test.slice(0, at), title: test.slice(at + 2) };
}

async function main(arguments_: readonly string[]): Promise<number> {
  const page = join(root, "docs/compatibility/flux.md");
  const missing = await missingTests(fluxRows, root);
  for (const test of missing) console.error(`docs/compatibility/flux.md: there is no test "${test}"`);
  if (missing.length > 0) return 1;
  const text = await readFile(page, "utf8");
  const [head, rest] = text.split(begin);
  const tail = rest?.split(end)[1];
  if (head === undefined || tail === undefined) throw new Error(`Cannot write ${page}: it holds no "${begin}"`);
  const next = await format(`${head}${begin}\n\n${rowTables(fluxRows)}\n${end}${tail}`, {
    parser: "markdown",
    printWidth: 120,
    proseWrap: "preserve",
  });
  if (next === text) return 0;
  if (arguments_.includes("--check")) {
    console.error("docs/compatibility/flux.md: is not what the rows say, run: make fix");
    return 1;
  }
  await writeFile(page, next);
  return 0;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
