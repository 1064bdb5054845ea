import { selectorProblem, type SelectorTerms } from "#core/policy/selector-terms.ts";
import { SettingError, type SettingValues } from "./setting-values.ts";
import { asMap, strings, yamlValue } from "./setting-yaml.ts";

/** A project whose limits are added to those of the projects that it selects. */
export interface GlobalProject {
  readonly name: string;
  /** By the labels of projects. */
  readonly selector: SelectorTerms;
}

/** Reads `globalProjects`. */
export function parseGlobalProjects(values: SettingValues, before: readonly GlobalProject[]): readonly GlobalProject[] {
  return values.read({ object: "argocd-cm", key: "globalProjects" }, { usual: [], before }, (text) => {
    const list = yamlValue(text) ?? [];
    if (!Array.isArray(list)) throw new SettingError("it is no list");
    return list.map((item: unknown, index) => globalProject(item, `entry ${index + 1}`));
  });
}

function globalProject(item: unknown, place: string): GlobalProject {
  const map = asMap(item, place);
  const { projectName: name } = map;
  if (typeof name !== "string" || name === "") throw new SettingError(`${place} names no project`);
  const written = asMap(map["labelSelector"], `labelSelector of ${place}`);
  const labels = asMap(written["matchLabels"], `matchLabels of ${place}`);
  const matchLabels = Object.fromEntries(
    Object.entries(labels).map(([key, value]) => {
      if (typeof value !== "string") throw new SettingError(`the label ${key} of ${place} is no text`);
      return [key, value];
    }),
  );
  const selector = { matchLabels, matchExpressions: expressions(written["matchExpressions"], place) };
  const problem = selectorProblem(selector);
  if (problem !== null) throw new SettingError(`${place}: ${problem}`);
  return { name, selector };
}

function expressions(written: unknown, place: string): NonNullable<SelectorTerms["matchExpressions"]> {
  const list = written ?? [];
  if (!Array.isArray(list)) throw new SettingError(`matchExpressions of ${place} is no list`);
  return list.map((one: unknown) => {
    const map = asMap(one, `matchExpressions of ${place}`);
    const { key, operator } = map;
    if (typeof key !== "string" || typeof operator !== "string") {
      throw new SettingError(`matchExpressions of ${place} need a key and an operator`);
    }
    return { key, operator, values: strings(map, "values") };
  });
}
