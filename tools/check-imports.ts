import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { importCycles } from "./imports/import-cycles.ts";
import { importBreaches, importedFile } from "./imports/import-rules.ts";
import { readImports } from "./imports/read-imports.ts";

/** What the check found in a project. */
export interface ImportCheck {
  readonly fileCount: number;
  readonly importCount: number;
  /** One line each. */
  readonly problems: readonly string[];
}

/** Compares every import of the project at `root` with the rules, and looks for cycles and names of vendors. */
export async function checkImports(root: string): Promise<ImportCheck> {
  const { files, imports } = readImports(root);
  const problems = importBreaches(files, imports).map(({ from, line, problem }) => `${from}:${line}: ${problem}`);
  const edges = new Map<string, string[]>(files.map((file) => [file, []]));
  for (const { from, specifier } of imports) {
    const target = importedFile(from, specifier);
    if (target !== null) edges.get(from)?.push(target);
  }
  for (const cycle of importCycles(edges)) problems.push(`${cycle[0]}: imports itself: ${cycle.join(" → ")}`);
  for (const file of files) {
    if (/^src\/(core|engine)\//.test(file)) problems.push(...(await vendorNames(root, file)));
  }
  return { fileCount: files.length, importCount: imports.length, problems };
}

/** The neutral code knows no dialect, not even in a comment. */
async function vendorNames(root: string, file: string): Promise<readonly string[]> {
  const lines = (await readFile(join(root, file), "utf8")).split("\n");
  return lines.flatMap((text, index) => {
    const name = /argo|flux/i.exec(text);
    return name === null ? [] : [`${file}:${index + 1}: names a dialect: "${name[0]}"`];
  });
}

async function main(): Promise<number> {
  const { fileCount, importCount, problems } = await checkImports(join(import.meta.dirname, ".."));
  for (const problem of problems) console.error(problem);
  // A check that looks at nothing would always pass.
  if (fileCount === 0 || importCount === 0) console.error("found no file with an import: is tsconfig.json right?");
  else console.log(`${importCount} imports in ${fileCount} files`);
  return problems.length > 0 || fileCount === 0 || importCount === 0 ? 1 : 0;
}

if (import.meta.main) process.exitCode = await main();
