import { holdsMark, isMarked, type Marks, type TerraformRelease } from "#adapters/terraform/terraform-release.ts";
import type { ValuesPart } from "#core/helm/values-part.ts";
import type { ReleaseAttributes } from "./release-attributes.ts";

/** A part of a release's values, and whether nobody may see it. */
export interface OriginOfValues {
  readonly part: ValuesPart;
  readonly isSecret: boolean;
  /** Only Terraform will know what it holds; the part has another value in its place. */
  readonly isUnknown: boolean;
}

/** Helm keeps such a number of `--set` as an integer; from an object it is one with a fraction. */
const longInteger = /(?:^|[{,=])-?[1-9]\d{6,}(?=[,}]|$)/;

interface Setting {
  readonly name: string;
  readonly value: string;
  readonly type: string;
  readonly isSecret: boolean;
  readonly isUnknown: boolean;
}

/** The parts of a release's values in the order in which the provider merges them. */
export function valuesParts(release: TerraformRelease, attributes: ReleaseAttributes): readonly OriginOfValues[] {
  const texts = listAt(release, "values").flatMap((text, index): OriginOfValues[] => {
    if (isMarked(release.unknown, "values", index)) return unknownValue(attributes, `values[${index}]`);
    if (typeof text !== "string" || text.trim() === "") return [];
    const isSecret = holdsMark(release.sensitive, "values", index);
    return [{ part: { name: `values[${index}]`, yaml: text }, isSecret, isUnknown: false }];
  });
  if (isMarked(release.unknown, "values")) unknownValue(attributes, "values");
  const settings = ["set", "set_list", "set_sensitive"].flatMap((list) => settingsIn(release, attributes, list));
  return [...texts, ...settings];
}

function settingsIn(release: TerraformRelease, attributes: ReleaseAttributes, list: string): OriginOfValues[] {
  if (isMarked(release.unknown, list)) return unknownValue(attributes, list);
  const parts: OriginOfValues[] = [];
  const names: string[] = [];
  for (const [index, entry] of listAt(release, list).entries()) {
    const place = `${list}[${index}]`;
    const marks = (member: string, of: Marks) => holdsMark(of, list, index, member);
    const { name, value, type } = (entry ?? {}) as Readonly<Record<string, unknown>>;
    const isSecret = list === "set_sensitive" || marks("value", release.sensitive);
    const isUnknown = marks("value", release.unknown);
    if (typeof name !== "string" || marks("name", release.unknown) || (isUnknown && !isSecret)) {
      unknownValue(attributes, place);
      continue;
    }
    const text = list === "set_list" ? `{${listText(value)}}` : scalarText(value);
    names.push(name);
    const setting = { name, value: isUnknown ? "unknown" : text, type: scalarText(type), isSecret, isUnknown };
    if (type !== "string" && longInteger.test(text)) {
      attributes.decisions.push(
        `${place} is a whole number of seven digits or more: a template that prints it as it is gets 1e+06 for it from a HelmRelease`,
      );
    }
    const made = partsOf(setting, place);
    if (made) parts.push(...made.map((part) => ({ part, isSecret, isUnknown })));
    else attributes.refusals.push(`${place}: its type is none of auto, string and literal`);
  }
  if (release.hasUnorderedSets && list !== "set_list" && overlap(names)) {
    attributes.decisions.push(
      `${list} sets one path twice, and before version 3 the provider knew no order: look which won`,
    );
  }
  return parts;
}

/** How the provider means the types of `set`: the last is a YAML value under a name that is no path. */
function partsOf({ name, value, type }: Setting, place: string): readonly ValuesPart[] | null {
  if (type === "" || type === "auto") return [{ name: place, set: { path: name, value, as: "typed" } }];
  if (type === "string") return [{ name: place, set: { path: name, value, as: "string" } }];
  if (type !== "literal") return null;
  const key = JSON.stringify(name);
  // It takes the place of what was there, where a map would be merged.
  return ["null", value].map((text) => ({ name: place, yaml: `${key}: ${text}` }));
}

function scalarText(value: unknown): string {
  return typeof value === "number" || typeof value === "boolean" ? `${value}` : typeof value === "string" ? value : "";
}

function listText(value: unknown): string {
  const members = Array.isArray(value) ? value : [];
  return members.filter((one) => one !== null && one !== undefined).join(",");
}

function overlap(names: readonly string[]): boolean {
  return names.some((one, index) =>
    names.some(
      (other, at) => at !== index && (other === one || other.startsWith(`${one}.`) || other.startsWith(`${one}[`)),
    ),
  );
}

function listAt({ attributes }: TerraformRelease, name: string): readonly unknown[] {
  const value = attributes[name];
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? [] : [value];
}

function unknownValue(attributes: ReleaseAttributes, place: string): OriginOfValues[] {
  attributes.refusals.push(`${place} is not known before Terraform applies: give a plan or state where it is`);
  return [];
}
