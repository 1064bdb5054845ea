import type { RenderSpec, TemplateCapabilities } from "#core/app/render-spec.ts";
import { type Problem, ok, refused, type Result } from "#core/result.ts";
import { cleanPath } from "#core/source/clean-path.ts";
import type { BuildEnvironment } from "./build-environment.ts";
import { directoryProblems, directorySpec } from "./parse-directory.ts";
import { templateSpec } from "./parse-helm.ts";
import { kustomizeOverrides } from "./parse-kustomize.ts";
import type { SourceFields } from "./source-schema.ts";

/** Of an app, what the render of each of its sources takes. */
export interface RenderPlace {
  /** Where the source stands in the spec. */
  readonly place: string;
  /** The names that sources of the app have for each other. */
  readonly refs: ReadonlySet<string>;
  readonly release: { readonly name: string; readonly namespace: string };
}

/** What is known of where it is rendered: nothing, as long as only the spec is looked at. */
export interface RenderSurroundings extends RenderPlace {
  readonly environment: BuildEnvironment | null;
  readonly cluster: TemplateCapabilities | null;
}

/** How a source is rendered: as its one block says, or by what is found at its path. */
export function renderSpec(
  fields: SourceFields,
  surroundings: RenderSurroundings,
): Result<RenderSpec, readonly Problem[]> {
  const { place } = surroundings;
  const blocks = [
    fields.helm ? "Helm" : "",
    fields.kustomize ? "Kustomize" : "",
    fields.directory ? "Directory" : "",
  ].filter(Boolean);
  const problems = blockProblems(fields, { place, blocks });
  const folder = fields.chart ? "" : cleanPath(fields.path ?? "");
  const template = templateSpec(fields, { ...surroundings, place: `${place}.helm`, folder });
  if (!template.ok) problems.push(...template.error);
  if (problems.length > 0 || !template.ok) return refused(problems);
  if (fields.helm || fields.chart) return ok(template.value);
  if (fields.kustomize) {
    return ok({ kind: "kustomize", overrides: kustomizeOverrides(fields.kustomize), generate: false });
  }
  const directory = directorySpec(fields.directory);
  if (fields.directory) return ok(directory);
  return ok({ kind: "detect", template: template.value, overrides: {}, directory });
}

function blockProblems(
  fields: SourceFields,
  { place, blocks }: { place: string; blocks: readonly string[] },
): Problem[] {
  const problems: Problem[] = [];
  if (blocks.length > 1) {
    problems.push({ path: place, message: `multiple application sources defined: ${blocks.join(",")}` });
  }
  if (fields.chart && blocks.some((block) => block !== "Helm")) {
    problems.push({ path: place, message: `${place}.chart is rendered as a chart, not as ${blocks.join(",")}` });
  }
  for (const replica of fields.kustomize?.replicas ?? []) {
    if (/^\d{1,9}$/.test(String(replica.count))) continue;
    const path = `${place}.kustomize.replicas`;
    problems.push({ path, message: `${path}: ${JSON.stringify(replica.count)} is not a count` });
  }
  return [...problems, ...directoryProblems(fields.directory, place)];
}
