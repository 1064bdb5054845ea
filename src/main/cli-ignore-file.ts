import { load } from "js-yaml";
import { globMatches } from "#core/policy/glob.ts";
import { CliError } from "#cli/cli-error.ts";

/** One entry of a list of what does not count. */
export interface FileIgnoreRule {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly pointers: readonly string[];
  readonly queries: readonly string[];
  readonly managers: readonly string[];
}

/** Plain pointers concern every object; a list narrows by group, kind, namespace and name. @throws CliError */
export function parseIgnoreFile(text: string, file: string): readonly FileIgnoreRule[] {
  const lines = text.split("\n").map((line) => line.trim());
  const plain = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (plain.every((line) => line.startsWith("/"))) {
    return [{ group: "*", kind: "*", namespace: "", name: "", pointers: plain, queries: [], managers: [] }];
  }
  const refusal = new CliError(
    `Cannot use ${file}: it holds neither JSON pointers, one per line, nor a list with jsonPointers`,
  );
  let list: unknown;
  try {
    list = load(text);
  } catch {
    throw refusal;
  }
  const entries: unknown = Array.isArray(list) ? list : (list as { ignoreDifferences?: unknown })?.ignoreDifferences;
  if (!Array.isArray(entries)) throw refusal;
  return entries.map((entry: Partial<Record<string, unknown>>) => {
    const lists = ["jsonPointers", "jqPathExpressions", "managedFieldsManagers"].map((name) => entry[name] ?? []);
    if (!lists.every(isTexts)) throw refusal;
    const [pointers = [], queries = [], managers = []] = lists;
    const text = (name: string, otherwise: string) => (typeof entry[name] === "string" ? entry[name] : otherwise);
    return {
      group: text("group", ""),
      kind: text("kind", "*"),
      namespace: text("namespace", ""),
      name: text("name", ""),
      pointers,
      queries,
      managers,
    };
  });
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

/** Whether a rule is about an object. */
export function ignoreConcerns(rule: FileIgnoreRule, key: string): boolean {
  const [group = "", kind = "", namespace = "", ...name] = key.split("/");
  if (rule.name !== "" && rule.name !== name.join("/")) return false;
  if (rule.namespace !== "" && rule.namespace !== namespace) return false;
  return globMatches(rule.group, group) && globMatches(rule.kind, kind);
}
