import { RE2JS } from "re2js";
import { type Result, ok, refused } from "#core/result.ts";
import type { FileTree } from "../file-tree.ts";
import { childPath } from "../read-set.ts";
import type { GeneratorOutput, GeneratorRef } from "./generator-ref.ts";
import type { InputContent } from "./generator.ts";
import { filledIn, namedPath, templateNames } from "./generator-paths.ts";

/** An output with its names filled in, and what they were filled with. */
export interface ExpandedOutput extends GeneratorOutput {
  readonly labels: Readonly<Record<string, string>>;
}

const maxOutputs = 1_000;

/** The outputs of a generator: those of each folder that its pattern matches, or, without one, those that it declares. */
export function expandedOutputs(
  generator: GeneratorRef,
  inputs: ReadonlyMap<string, InputContent>,
): Result<readonly ExpandedOutput[], string> {
  if (generator.value === "") return ok(generator.outputs.map((output) => ({ ...output, labels: {} })));
  const at = namedPath(generator.value);
  const tree = at && inputs.get(at.name)?.tree;
  if (!at || !tree) return refused(`pathPattern ${JSON.stringify(generator.value)}: there is no such source`);
  const made = new Map<string, { folder: string; output: ExpandedOutput }>();
  for (const { folder, captures } of matchingFolders(tree, at.path)) {
    const labels = Object.fromEntries(Object.entries(captures).map(([name, value]) => [name, value.toLowerCase()]));
    const bad = Object.entries(labels).find(([, value]) => !isLabelValue(value));
    const place = `pathPattern ${JSON.stringify(generator.value)}: `;
    if (bad) return refused(`${place}${JSON.stringify(bad[1])} for ${JSON.stringify(bad[0])} is no label value`);
    for (const output of generator.outputs) {
      const name = filledIn(output.name, labels);
      const before = made.get(name)?.folder;
      if (before !== undefined) {
        const both = `${JSON.stringify(before)} and ${JSON.stringify(folder)}`;
        return refused(`${place}directories ${both} both resolve to artifact name ${JSON.stringify(name)}`);
      }
      if (!isObjectName(name)) return refused(`${place}${JSON.stringify(name)} is no name of an object`);
      if (made.size >= maxOutputs) return refused(`${place}there are more than ${maxOutputs} artifacts`);
      made.set(name, { folder, output: { ...output, name, copies: copiesOf(output, captures), labels } });
    }
  }
  return ok([...made.values()].map(({ output }) => output));
}

function copiesOf({ copies }: GeneratorOutput, captures: Readonly<Record<string, string>>): GeneratorOutput["copies"] {
  return copies.map((step) => ({ ...step, from: filledIn(step.from, captures), to: filledIn(step.to, captures) }));
}

/** Folders that a pattern of names in braces matches, and what stood in their places. */
function matchingFolders(
  tree: FileTree,
  pattern: string,
): readonly { readonly folder: string; readonly captures: Readonly<Record<string, string>> }[] {
  let found: { folder: string; captures: Record<string, string> }[] = [{ folder: "", captures: {} }];
  for (const part of pattern.split("/")) {
    const names = templateNames(part);
    const matcher = partMatcher(part);
    found = found.flatMap(({ folder, captures }) =>
      tree.children(folder).flatMap((child) => {
        const path = childPath(folder, child);
        const match = matcher.matcher(child);
        if (!match.matches() || tree.entry(path)?.type !== "directory") return [];
        const more = names.map((name, at) => [name, match.group(at + 1) ?? ""] as const);
        return [{ folder: path, captures: { ...captures, ...Object.fromEntries(more) } }];
      }),
    );
  }
  return found;
}

function partMatcher(part: string): RE2JS {
  const pieces = part.split(/\{[^{}]*\}/).map((text) => RE2JS.quote(text));
  return RE2JS.compile(pieces.join("([^/]+)"));
}

function isLabelValue(text: string): boolean {
  return text.length <= 63 && /^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$/.test(text);
}

function isObjectName(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text);
}
