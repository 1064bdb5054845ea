import { parse } from "yaml";
import { withMergePatch } from "#core/diff/with-merge-patch.ts";
import { ok, refused, type Result } from "#core/result.ts";
import { childPath } from "#core/source/read-set.ts";
import { schemaProblems } from "./schema-problems.ts";
import { type SourceFields, sourceSchema } from "./source-schema.ts";

/** Files beside a source that change how it is rendered, in their order: for every app, and for one. */
export function overrideFiles(folder: string, instance: string): readonly string[] {
  return [".argocd-source.yaml", `.argocd-source-${instance}.yaml`].map((name) => childPath(folder, name));
}

/** A source with what such files say merged into it; where it is they cannot say. */
export function overriddenSource(
  fields: SourceFields,
  files: readonly (readonly [path: string, text: string])[],
): Result<SourceFields, string> {
  let merged: unknown = fields;
  for (const [path, text] of files) {
    const patch = parsed(text);
    if (!patch.ok) return refused(`${path}: ${patch.error}`);
    const { chart, path: folder, repoURL, targetRevision } = fields;
    const place = { chart, path: folder, repoURL, targetRevision };
    merged = withoutUndefined({ ...(withMergePatch(merged, patch.value) as object), ...place });
    const [problem] = schemaProblems(sourceSchema, merged, path);
    if (problem) return refused(problem.message);
  }
  return ok(merged as SourceFields);
}

/** The reader takes seconds for a text that is nothing but brackets. */
const MAX_CHARACTERS = 64 * 1024;

function parsed(text: string): Result<Readonly<Record<string, unknown>>, string> {
  if (text.length > MAX_CHARACTERS) return refused("it is longer than anybody writes it");
  try {
    const found: unknown = parse(text, { version: "1.1", maxAliasCount: 10, logLevel: "error" });
    if (found === null) return ok({});
    return isMap(found) ? ok(found) : refused("it is no map");
  } catch (error) {
    // Its first line names the place; what follows quotes the file.
    return refused(error instanceof Error ? (error.message.split("\n")[0] ?? "") : "it is no YAML");
  }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function withoutUndefined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
}
