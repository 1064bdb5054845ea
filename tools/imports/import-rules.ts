import { posix } from "node:path";
import type { Import } from "./read-imports.ts";

interface LayerRule {
  /** Folders that it may import, besides itself; `(types)` allows the types of that file alone. */
  readonly may: readonly string[];
  /** npm packages, `node:` for all of Node's modules; absent when there is no limit. */
  readonly packages?: readonly string[];
  /** Its folders know nothing of each other, apart from the files and folders named here. */
  readonly apart?: readonly string[];
}

/** Who may import what; a folder that is not named here fails the check. */
const layers: Readonly<Record<string, LayerRule>> = {
  "src/core": { may: [], packages: ["re2js", "semver", "typebox"] },
  "src/async": { may: [], packages: ["node:"] },
  "src/dialects": { may: ["src/core", "src/async"], packages: ["js-yaml", "semver", "typebox", "yaml"], apart: [] },
  "src/engine": { may: ["src/core", "src/async"], packages: ["lru-cache"] },
  "src/adapters": {
    may: [
      "src/core",
      "src/async",
      "src/engine/ports.ts (types)",
      "src/engine/artifact-store.ts (types)",
      "src/engine/cloud-identity.ts (types)",
      "src/engine/expression-evaluator.ts (types)",
      "src/engine/field-finder.ts (types)",
      "src/engine/kept-renders.ts (types)",
      "src/engine/set-templates.ts (types)",
      "src/engine/provider-reader.ts (types)",
      "package.json",
    ],
    // Helpers send numbers that do not survive JSON.parse, just as API servers do; sources of several kinds are archives or lie behind http, and clouds vouch for who asks.
    apart: ["src/adapters/kube/exact-json.ts", "src/adapters/archive", "src/adapters/cloud", "src/adapters/http"],
  },
  "src/contract": { may: ["src/core"], packages: ["typebox"] },
  "src/server": { may: ["src/contract", "src/engine", "src/core", "src/async"] },
  "src/cli": {
    may: ["src/contract", "src/core", "src/async", "package.json"],
    packages: ["commander", "picocolors", "yaml", "node:"],
  },
  "src/main": { may: ["src", "package.json"] },
  bench: { may: ["src", "test", "tools", "package.json"] },
  test: { may: ["src", "bench", "tools", "examples", "package.json"] },
  tools: { may: ["src", "bench", "test", "package.json"] },
};

/** One breach of the rules, in words. */
export interface Breach {
  readonly from: string;
  readonly line: number;
  readonly problem: string;
}

/** The file that a specifier means, relative to the root, or null for a package. */
export function importedFile(from: string, specifier: string): string | null {
  if (specifier.startsWith("#test/")) return specifier.slice(1);
  if (specifier.startsWith("#")) return `src/${specifier.slice(1)}`;
  return specifier.startsWith(".") ? posix.join(posix.dirname(from), specifier) : null;
}

/** All imports that the layer of their file forbids, and files that belong to no layer. */
export function importBreaches(files: readonly string[], imports: readonly Import[]): readonly Breach[] {
  const strays = files
    .filter((file) => file.includes("/") && layerOf(file) === null)
    .map((from) => ({ from, line: 1, problem: "lies in a folder that the table of import rules does not name" }));
  const breaches = imports.flatMap((found) => {
    const problem = problemOf(found);
    return problem === null ? [] : [{ from: found.from, line: found.line, problem }];
  });
  return [...strays, ...breaches];
}

function problemOf(found: Import): string | null {
  const layer = layerOf(found.from);
  // Tests may bring in whatever they need; what they may not do is to become part of the program.
  if (layer === null || isTest(found.from)) return null;
  const target = importedFile(found.from, found.specifier);
  const rule = layers[layer]!;
  if (target === null) return packageProblem(layer, rule, found.specifier);
  if (layer.startsWith("src/") && isTest(target)) return `imports ${target}, which is there for tests`;
  if (isWithin(target, layer)) return isApart(found.from, target, layer) ? `${target} belongs to its neighbour` : null;
  if (rule.may.some((allowed) => isWithin(target, allowed))) return null;
  if (!rule.may.includes(`${target} (types)`)) return `${layer} may not import ${target}`;
  return found.isTypeOnly ? null : `${layer} may import only types from ${target}: write "import type"`;
}

function packageProblem(layer: string, rule: LayerRule, specifier: string): string | null {
  const isAllowed =
    rule.packages === undefined ||
    rule.packages.some((name) => specifier === name || specifier.startsWith(name.endsWith(":") ? name : `${name}/`));
  return isAllowed ? null : `${layer} may not import the package ${specifier}`;
}

function isApart(from: string, target: string, layer: string): boolean {
  const { apart } = layers[layer]!;
  if (apart === undefined || apart.some((shared) => isWithin(target, shared))) return false;
  const folder = target.slice(layer.length + 1).split("/");
  return folder.length > 1 && !isWithin(from, `${layer}/${folder[0]}`);
}

function isTest(file: string): boolean {
  return file.endsWith(".test.ts") || /\/(?:testdata|testing)\//.test(file) || file.startsWith("test/");
}

function layerOf(file: string): string | null {
  return Object.keys(layers).find((layer) => isWithin(file, layer)) ?? null;
}

function isWithin(file: string, folder: string): boolean {
  return file === folder || file.startsWith(`${folder}/`);
}
