import { type Asking, type Params, SetError } from "#core/app/app-set.ts";
import { selectorProblem, termsMatch } from "#core/policy/selector-terms.ts";
import { stableText } from "#core/resource/stable-text.ts";
import { schemaProblems } from "../schema-problems.ts";
import { clusterParams } from "./cluster-generator.ts";
import { filled } from "./fill.ts";
import { gitParams } from "./git-generator.ts";
import { decisionParams } from "./decision-generator.ts";
import { pluginParams } from "./plugin-generator.ts";
import { pullParams } from "./pull-generator.ts";
import { scmParams } from "./scm-generator.ts";
import { listParams } from "./list-generator.ts";
import type { Making } from "./making.ts";
import { filledUp, flattened, goText, overridden } from "./params.ts";
import { type GeneratorFields, generatorSchema } from "./set-schema.ts";

/** More sets of parameters than this are a mistake. */
export const MAX_PARAMS = 20_000;

/** A kind of generator, and where it may stand: nothing below the second level is a combination. */
type Kind = Exclude<keyof GeneratorFields, "selector">;
type Make = (fields: never, making: Making, depth: number) => Asking<readonly Params[]>;

const MAX_DEPTH = 3;

const kinds: Readonly<Partial<Record<Kind, Make>>> = {
  list: listParams,
  clusters: clusterParams,
  git: gitParams,
  scmProvider: scmParams,
  pullRequest: pullParams,
  clusterDecisionResource: decisionParams,
  plugin: pluginParams,
  matrix: matrixParams,
  merge: mergeParams,
};

interface Combination {
  readonly generators?: readonly unknown[];
  readonly mergeKeys?: readonly string[];
}

/** Kinds that a generator uses; those of a set that nobody knows were dropped before they came here. */
export function kindsOf(generator: GeneratorFields): readonly Kind[] {
  const names = Object.keys(generatorSchema.properties).filter((name) => name !== "selector") as Kind[];
  return names.filter((name) => generator[name] !== undefined);
}

/** Kinds that are known and not served, which is no reason to make less. */
export function unservedKinds(generator: GeneratorFields): readonly string[] {
  const inside = combinationsOf(generator).flatMap(({ generators = [] }) => generators as readonly GeneratorFields[]);
  return [...kindsOf(generator).filter((kind) => !Object.hasOwn(kinds, kind)), ...inside.flatMap(unservedKinds)];
}

function combinationsOf({ matrix, merge }: GeneratorFields): readonly Combination[] {
  return [matrix, merge].flatMap((one) => (one === undefined ? [] : [one as Combination]));
}

/** Sets of parameters of one kind of a generator, those that its selector does not select left out. */
export function* paramsOfKind(
  generator: GeneratorFields,
  { kind, depth = 1 }: { readonly kind: Kind; readonly depth?: number },
  making: Making,
): Asking<readonly Params[]> {
  const make = kinds[kind];
  if (!make) throw new SetError("parameters", `the generator ${kind} is not supported yet`);
  const sets = yield* make(generator[kind] as never, making, depth);
  mustBeFew(sets.length);
  return selected(generator.selector, sets);
}

function selected(selector: GeneratorFields["selector"], sets: readonly Params[]): readonly Params[] {
  if (!selector) return sets;
  const problem = selectorProblem(selector);
  if (problem !== null) throw new SetError("parameters", `error parsing label selector: ${problem}`);
  return sets.filter((params) => termsMatch(selector, flattened(params)));
}

function mustBeFew(count: number): void {
  if (count <= MAX_PARAMS) return;
  throw new SetError(
    "parameters",
    `the generators make ${count} sets of parameters, more than the allowed ${MAX_PARAMS}`,
  );
}

/** Parameters of a generator inside another, itself filled in with parameters of the one before it. */
function* childParams(
  written: unknown,
  { outer, depth }: { readonly outer: Params; readonly depth: number },
  making: Making,
): Asking<readonly Params[]> {
  const isOuter = Object.keys(outer).length > 0;
  const [made] = isOuter
    ? yield* filled(making.style, { trees: [written], jobs: [{ tree: 0, params: outer }] }, "parameters")
    : [written];
  const [problem] = schemaProblems(generatorSchema, made, "generator");
  if (problem) throw new SetError("parameters", problem.message);
  const { selector: _filled, ...generator } = made as GeneratorFields;
  const { selector } = written as GeneratorFields;
  const names = kindsOf(generator);
  const [kind] = names;
  if (kind === undefined) throw new SetError("parameters", "child generator generated no parameters");
  if (names.length > 1) throw new SetError("parameters", "found more than one generator in matrix.Generators");
  const isCombination = kind === "matrix" || kind === "merge";
  if (isCombination && depth >= MAX_DEPTH)
    throw new SetError("parameters", `${kind} is nested more than two levels deep`);
  return yield* paramsOfKind({ ...generator, ...(selector && { selector }) }, { kind, depth }, making);
}

/** Every set of the first child with every one that the second makes of it. */
function* matrixParams({ generators = [] }: Combination, making: Making, depth: number): Asking<readonly Params[]> {
  const [first, second, ...others] = generators;
  if (first === undefined || second === undefined) {
    throw new SetError("parameters", "found less than two generators, Matrix support only two");
  }
  if (others.length > 0) throw new SetError("parameters", "found more than two generators, Matrix support only two");
  const made: Params[] = [];
  for (const outer of yield* childParams(first, { outer: {}, depth: depth + 1 }, making)) {
    const inner = yield* childParams(second, { outer, depth: depth + 1 }, making);
    mustBeFew(made.length + inner.length);
    for (const params of inner) made.push(making.style.goTemplate ? filledUp(outer, params) : combined(outer, params));
  }
  return made;
}

function combined(first: Params, second: Params): Params {
  const made: Record<string, unknown> = { ...first };
  for (const [name, value] of Object.entries(second)) {
    if (Object.hasOwn(first, name) && stableText(first[name]) !== stableText(value)) {
      const values = `a: ${goText(first[name])} ,b: ${goText(value)}`;
      throw new SetError("parameters", `found duplicate key ${name} with different value, ${values}`);
    }
    made[name] = value;
  }
  return made;
}

/** The sets of the first child, each with what the others say of the same keys. */
function* mergeParams(
  { generators = [], mergeKeys = [] }: Combination,
  making: Making,
  depth: number,
): Asking<readonly Params[]> {
  if (generators.length < 2) {
    throw new SetError("parameters", "found less than two generators, Merge requires two or more");
  }
  if (mergeKeys.length === 0) {
    throw new SetError("parameters", "no merge keys were specified, Merge requires at least one");
  }
  const keyOf = (params: Params) =>
    stableText(Object.fromEntries(mergeKeys.map((key) => [key, Object.hasOwn(params, key) ? params[key] : null])));
  let merged: readonly Params[] = yield* childParams(generators[0], { outer: {}, depth: depth + 1 }, making);
  uniquely(merged, keyOf);
  for (const generator of generators.slice(1)) {
    const over = uniquely(yield* childParams(generator, { outer: {}, depth: depth + 1 }, making), keyOf);
    merged = merged.map((params) => {
      const own = over.get(keyOf(params));
      if (!own) return params;
      return making.style.goTemplate ? overridden(params, own) : { ...params, ...own };
    });
  }
  return merged.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function uniquely(sets: readonly Params[], keyOf: (params: Params) => string): ReadonlyMap<string, Params> {
  const byKey = new Map<string, Params>();
  for (const params of sets) {
    const key = keyOf(params);
    if (byKey.has(key)) {
      const rule = "the parameters from a generator were not unique by the given mergeKeys";
      throw new SetError("parameters", `${rule}, Merge requires all param sets to be unique. Duplicate key was ${key}`);
    }
    byKey.set(key, params);
  }
  return byKey;
}
