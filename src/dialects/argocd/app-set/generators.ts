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
import { mustBeFew } from "./param-limit.ts";
import { filledUp, flattened, goText, overridden } from "./params.ts";
import { type GeneratorFields, generatorSchema } from "./set-schema.ts";

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

/** Parameters of a generator inside another; `made` is what became of it, filled in with the parameters before it. */
function* childParams(
  { written, made }: { readonly written: unknown; readonly made: unknown },
  depth: number,
  making: Making,
): Asking<readonly Params[]> {
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

/** So much of generators that are filled in is there at once. */
const FILLED_BYTES = 4 << 20;

/** What becomes of a generator with each of some parameters. */
function* eachFilled(written: unknown, outers: readonly Params[], { style }: Making): Asking<readonly unknown[]> {
  const jobs = outers.filter(hasSome).map((params) => ({ tree: 0, params }));
  const made = (yield* filled(style, { trees: [written], jobs }, "parameters")).values();
  return outers.map((outer) => (hasSome(outer) ? made.next().value : written));
}

/** A generator before which there is none. */
function same(written: unknown): { readonly written: unknown; readonly made: unknown } {
  return { written, made: written };
}

function hasSome(params: Params): boolean {
  return Object.keys(params).length > 0;
}

/** Every set of the first child with every one that the second makes of it. */
function* matrixParams({ generators = [] }: Combination, making: Making, depth: number): Asking<readonly Params[]> {
  const [first, second, ...others] = generators;
  if (first === undefined || second === undefined) {
    throw new SetError("parameters", "found less than two generators, Matrix support only two");
  }
  if (others.length > 0) throw new SetError("parameters", "found more than two generators, Matrix support only two");
  const made: Params[] = [];
  const outers = yield* childParams(same(first), depth + 1, making);
  // One after the other, each would be a question of its own.
  const atOnce = Math.max(1, Math.floor(FILLED_BYTES / JSON.stringify(second).length));
  for (let at = 0; at < outers.length; at += atOnce) {
    const some = outers.slice(at, at + atOnce);
    for (const [index, child] of (yield* eachFilled(second, some, making)).entries()) {
      const outer = some[index] ?? {};
      const inner = yield* childParams({ written: second, made: child }, depth + 1, making);
      mustBeFew(made.length + inner.length);
      for (const params of inner)
        made.push(making.style.goTemplate ? filledUp(outer, params) : combined(outer, params));
    }
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
  let merged: readonly Params[] = yield* childParams(same(generators[0]), depth + 1, making);
  uniquely(merged, keyOf);
  for (const generator of generators.slice(1)) {
    const over = uniquely(yield* childParams(same(generator), depth + 1, making), keyOf);
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
