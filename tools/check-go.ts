import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { goBuild } from "#adapters/go-program.ts";
import type { GoBuildName } from "#adapters/go-program.ts";

const run = promisify(execFile);
const maxFileLines = 400;
const maxFunctionLines = 60;
const stamps = join(import.meta.dirname, "../.build");

/** What is too long in a formatted Go file; tests may have long functions. */
export function goSizeProblems(path: string, text: string): readonly string[] {
  const lines = text.trimEnd().split("\n");
  const problems = lines.length > maxFileLines ? [`${path}: ${lines.length} lines, ${maxFileLines} is the limit`] : [];
  if (path.endsWith("_test.go")) return problems;
  let start = -1;
  for (const [index, line] of lines.entries()) {
    if (line.startsWith("func ") && !line.endsWith("}")) start = index;
    if (line !== "}" || start < 0) continue;
    const length = index - start + 1;
    if (length > maxFunctionLines) {
      problems.push(`${path}:${start + 1}: function of ${length} lines, ${maxFunctionLines} is the limit`);
    }
    start = -1;
  }
  return problems;
}

/** The Go files below `folder` that gofmt would change. */
export async function unformattedGo(folder: string, signal: AbortSignal): Promise<readonly string[]> {
  const { stdout: goRoot } = await run("go", ["env", "GOROOT"], { signal });
  const { stdout } = await run(join(goRoot.trim(), "bin/gofmt"), ["-l", "."], { cwd: folder, signal });
  return stdout.split("\n").filter((path) => path !== "");
}

async function checkModule(module: GoBuildName, signal: AbortSignal): Promise<readonly string[]> {
  const { sources, environment } = goBuild(module);
  const names = await readdir(sources, { recursive: true });
  const paths = names.filter((name) => /(\.go|^go\.(mod|sum))$/.test(name)).toSorted();
  const hash = createHash("sha256");
  const problems: string[] = [];
  for (const path of paths) {
    const text = await readFile(join(sources, path), "utf8");
    hash.update(`${path}\0${text}\0`);
    if (path.endsWith(".go")) problems.push(...goSizeProblems(`${module}/${path}`, text));
  }
  const unformatted = await unformattedGo(sources, signal);
  problems.push(...unformatted.map((path) => `${module}/${path}: not formatted, run "make fix"`));
  // Looking at the types of all of Kubernetes takes long, so what once passed is not looked at again.
  const stamp = join(stamps, `go-vet-${module}-${hash.digest("hex").slice(0, 16)}`);
  const hasPassed = await access(stamp).then(
    () => true,
    () => false,
  );
  if (hasPassed) return problems;
  // The same flags as the build, or Go would compile every dependency a second time.
  // The tag brings in the files that only the large helper has.
  const tags = module === "upstream" ? ["-tags", "all"] : [];
  const args = ["vet", "-trimpath", "-buildvcs=false", ...tags, "./..."];
  const vet = run("go", args, { cwd: sources, env: { ...process.env, ...environment }, signal });
  const complaint = await vet.then(
    () => null,
    (error: Error & { stderr?: string }) => error.stderr ?? error.message,
  );
  if (complaint !== null) return [...problems, complaint];
  await mkdir(stamps, { recursive: true });
  await writeFile(stamp, "");
  return problems;
}

async function main(): Promise<number> {
  const modules = ["cluster", "upstream", "services"] as const;
  const { signal } = new AbortController();
  const problems: string[] = [];
  for (const module of modules) problems.push(...(await checkModule(module, signal)));
  for (const problem of problems) console.error(problem);
  return problems.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main();
