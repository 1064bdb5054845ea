import { access, glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

const maxLines: Readonly<Record<string, number>> = { "README.md": 150, "ARCHITECTURE.md": 200 };
const pages = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];
const pathInText = /^(?:\.ci|bench|bin|cluster|deploy|docs|examples|src|test|tools|types|upstream)\/[\w./-]*$/;

/** What the documents below `root` name that is not there: files, headings, make targets, npm scripts, commands. */
export async function docProblems(root: string): Promise<readonly string[]> {
  const known = { targets: await makeTargets(root), scripts: await npmScripts(root), commands: await commands(root) };
  const made = await madeFiles(root);
  const problems: string[] = [];
  for (const page of await documents(root)) {
    const text = await readFile(join(root, page), "utf8").catch(() => null);
    if (text === null) {
      problems.push(`${page}: is missing`);
      continue;
    }
    const lines = text.trimEnd().split("\n").length;
    const limit = maxLines[page] ?? Infinity;
    if (lines > limit) problems.push(`${page}: ${lines} lines, ${limit} is the limit`);
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (!/^[a-z]+:/.test(target)) problems.push(...(await linkProblems(root, page, target)));
    }
    for (const code of codeOf(text)) {
      const unknown = [
        ...unknownWords(code, /\bmake ([a-z][a-z0-9-]*)/g, known.targets),
        ...unknownWords(code, /\bnpm run ([a-z:-]+)/g, known.scripts),
        ...unknownWords(code, /(?:^|[\s/])holdfast ([a-z]+)/gm, known.commands),
      ];
      problems.push(...unknown.map((command) => `${page}: there is no "${command}"`));
      const isThere = !pathInText.test(code) || made.has(code) || (await exists(join(root, code)));
      if (!isThere) problems.push(`${page}: ${code} is not there`);
    }
  }
  return problems;
}

async function documents(root: string): Promise<readonly string[]> {
  const found = [];
  for await (const path of glob(["docs/**/*.md", "examples/**/*.md"], { cwd: root })) found.push(path);
  return [...pages, ...found.toSorted()];
}

async function linkProblems(root: string, page: string, target: string): Promise<readonly string[]> {
  const [path = "", heading] = target.split("#");
  const file = path === "" ? page : join(dirname(page), path);
  if (!(await exists(join(root, file)))) return [`${page}: links to ${target}, which is not there`];
  if (heading === undefined || !file.endsWith(".md")) return [];
  const headings = (await readFile(join(root, file), "utf8")).matchAll(/^#+ +(.*)$/gm);
  const anchors = [...headings].map(([, title = ""]) => anchorOf(title));
  return anchors.includes(heading) ? [] : [`${page}: links to ${target}, a heading that is not there`];
}

/** The name that web pages of Git servers give a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-");
}

/** Code in a text: whole blocks, and what stands between single backticks. */
function codeOf(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^```[^\n]*\n(.*?)^```/gms)].map(([, block = ""]) => block);
  const prose = text.replaceAll(/^```.*?^```/gms, "");
  return [...blocks, ...[...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code)];
}

function unknownWords(code: string, pattern: RegExp, known: ReadonlySet<string>): readonly string[] {
  const found = [...code.matchAll(pattern)].filter(([, word = ""]) => !known.has(word));
  return found.map(([command]) => command.trim());
}

/** What the project's own commands write, which a fresh checkout does not hold yet. */
async function madeFiles(root: string): Promise<ReadonlySet<string>> {
  return new Set((await readFile(join(root, ".gitignore"), "utf8")).split("\n"));
}

async function makeTargets(root: string): Promise<ReadonlySet<string>> {
  const text = await readFile(join(root, "Makefile"), "utf8");
  return new Set([...text.matchAll(/^([a-z][a-z0-9-]*):/gm)].map(([, name = ""]) => name));
}

async function npmScripts(root: string): Promise<ReadonlySet<string>> {
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { scripts?: object };
  return new Set(Object.keys(manifest.scripts ?? {}));
}

async function commands(root: string): Promise<ReadonlySet<string>> {
  const names = new Set<string>(["help"]);
  for await (const path of glob("src/{cli,main}/**/*.ts", { cwd: root })) {
    const text = await readFile(join(root, path), "utf8");
    for (const [, name = ""] of text.matchAll(/(?:new Command|\.command)\("([a-z]+)/g)) names.add(name);
  }
  return names;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

if (import.meta.main) {
  const problems = await docProblems(join(import.meta.dirname, ".."));
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
