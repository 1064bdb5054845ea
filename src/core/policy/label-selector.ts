import { type Result, ok, refused } from "#core/result.ts";

/** One requirement of a selector; all must hold. */
interface Requirement {
  readonly key: string;
  readonly operator: "in" | "not-in" | "exists" | "absent";
  readonly values: readonly string[];
}

/** A parsed selector. */
export type LabelSelector = readonly Requirement[];

/** A selector as it was written, and what it means. */
export interface WrittenSelector {
  readonly text: string;
  readonly parsed: LabelSelector;
}

const key = String.raw`[A-Za-z0-9]([A-Za-z0-9_./-]*[A-Za-z0-9])?`;
const forms: readonly (readonly [RegExp, (match: RegExpExecArray) => Requirement])[] = [
  [
    new RegExp(String.raw`^(?<key>${key})\s+(?<not>not)?in\s*\((?<values>[^()]*)\)$`),
    ({ groups = {} }) => ({
      key: groups["key"] ?? "",
      operator: groups["not"] === undefined ? "in" : "not-in",
      values: (groups["values"] ?? "").split(",").map((value) => value.trim()),
    }),
  ],
  [
    new RegExp(String.raw`^(?<key>${key})\s*(?<sign>==?|!=)\s*(?<value>[A-Za-z0-9_.-]*)$`),
    ({ groups = {} }) => ({
      key: groups["key"] ?? "",
      operator: groups["sign"] === "!=" ? "not-in" : "in",
      values: [groups["value"] ?? ""],
    }),
  ],
  [
    new RegExp(String.raw`^(?<not>!)?\s*(?<key>${key})$`),
    ({ groups = {} }) => ({
      key: groups["key"] ?? "",
      operator: groups["not"] === undefined ? "exists" : "absent",
      values: [],
    }),
  ],
];

/** Parses a selector in Kubernetes' grammar, e.g. `app=web,tier in (a, b),!old`; refused with the part that is none. */
export function parseLabelSelector(text: string): Result<LabelSelector, string> {
  const requirements: Requirement[] = [];
  // A comma between brackets separates values.
  for (const part of text.split(/,(?![^(]*\))/).map((word) => word.trim())) {
    if (part === "") continue;
    const requirement = requirementOf(part);
    if (!requirement) return refused(`${JSON.stringify(part.slice(0, 80))} is no requirement of a selector`);
    requirements.push(requirement);
  }
  return ok(requirements);
}

/** Whether labels satisfy a selector; an empty one selects everything. */
export function selectorMatches(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  return selector.every((requirement) => {
    const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
    switch (requirement.operator) {
      case "in":
        return value !== undefined && requirement.values.includes(value);
      case "not-in":
        return value === undefined || !requirement.values.includes(value);
      case "exists":
        return value !== undefined;
      case "absent":
        return value === undefined;
    }
  });
}

function requirementOf(part: string): Requirement | null {
  for (const [pattern, make] of forms) {
    const match = pattern.exec(part);
    if (match) return make(match);
  }
  return null;
}
