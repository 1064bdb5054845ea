import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { format } from "prettier";
import { argocdRows } from "./compatibility/argocd-rows.ts";
import { fluxRows } from "./compatibility/flux-rows.ts";
import type { Row } from "./compatibility/row.ts";

const root = join(import.meta.dirname, "..");
const begin = "<!-- begin: written by tools/generate-compatibility.ts -->";
const end = "<!-- end -->";
const quotes = ['"', "'", "`"];
const pages: Readonly<Record<string, readonly Row[]>> = {
  "docs/compatibility/flux.md": fluxRows,
  "docs/compatibility/argocd.md": argocdRows,
};

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

/** Tests that rows name and that are not there, as `file: title`; of a test for many cases the beginning of its title. */
export async function missingTests(rows: readonly Row[], folder: string): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const test of new Set(rows.flatMap(({ tests }) => tests))) {
    const { file, title } = partsOf(test);
    const text = await readFile(join(folder, file), "utf8").catch(() => "");
    if (!quotes.some((quote) => text.includes(quote + title))) missing.push(test);
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

/** Writes a page anew, or only tells that it is not what the rows say; whether all is well. */
async function written(page: string, rows: readonly Row[], checks: boolean): Promise<boolean> {
  const missing = await missingTests(rows, root);
  for (const test of missing) console.error(`${page}: there is no test "${test}"`);
  if (missing.length > 0) return false;
  const text = await readFile(join(root, page), "utf8");
  const [head, rest] = text.split(begin);
  const tail = rest?.split(end)[1];
  if (head === undefined || tail === undefined) throw new Error(`Cannot write ${page}: it holds no "${begin}"`);
  const next = await format(`${head}${begin}\n\n${rowTables(rows)}\n${end}${tail}`, {
    parser: "markdown",
    printWidth: 120,
    proseWrap: "preserve",
  });
  if (next === text) return true;
  if (checks) console.error(`${page}: is not what the rows say, run: make fix`);
  else await writeFile(join(root, page), next);
  return !checks;
}

async function main(arguments_: readonly string[]): Promise<number> {
  const checks = arguments_.includes("--check");
  const done = await Promise.all(Object.entries(pages).map(([page, rows]) => written(page, rows, checks)));
  return done.includes(false) ? 1 : 0;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
