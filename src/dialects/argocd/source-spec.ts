import type { RenderSpec, TemplateCapabilities } from "#core/app/render-spec.ts";
import { type Problem, ok, refused, type Result } from "#core/result.ts";
import { cleanPath } from "#core/source/clean-path.ts";
import type { BuildEnvironment } from "./build-environment.ts";
import { directoryProblems, directorySpec } from "./parse-directory.ts";
import { templateSpec } from "./parse-helm.ts";
import { kustomizeOptions, kustomizeOverrides, kustomizeProblems } from "./parse-kustomize.ts";
import { pluginProblems, pluginSpec } from "./parse-plugin.ts";
import type { KustomizeSettings } from "./settings-kustomize.ts";
import type { SourceSettings } from "./settings-source.ts";
import type { SourceFields } from "./source-schema.ts";

/** Of an app, what the render of each of its sources takes. */
export interface RenderPlace {
  /** Where the source stands in the spec. */
  readonly place: string;
  /** The names that sources of the app have for each other. */
  readonly refs: ReadonlySet<string>;
  readonly release: { readonly name: string; readonly namespace: string };
  /** What the installation lets kustomizations do. */
  readonly kustomize: KustomizeSettings;
  /** Whether there are plugins. */
  readonly plugins: boolean;
  readonly sources: SourceSettings;
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
    fields.plugin ? "Plugin" : "",
  ].filter(Boolean);
  const problems = [...blockProblems(fields, { place, blocks }), ...pluginProblems(fields.plugin, surroundings)];
  const folder = fields.chart ? "" : cleanPath(fields.path ?? "");
  const template = templateSpec(fields, { ...surroundings, place: `${place}.helm`, folder });
  if (!template.ok) problems.push(...template.error);
  if (problems.length > 0 || !template.ok) return refused(problems);
  const directory = directorySpec(fields.directory, surroundings.environment);
  const { helm, kustomize } = surroundings.sources;
  if (fields.helm || fields.chart) return ok(helm ? template.value : directory);
  const options = kustomizeOptions(fields.kustomize, surroundings);
  if (fields.kustomize) {
    if (!kustomize) return ok(directory);
    const overrides = kustomizeOverrides(fields.kustomize, surroundings.environment);
    return ok({ kind: "kustomize", overrides, generate: false, options });
  }
  if (fields.directory) return ok(directory);
  const plugin = pluginSpec(fields.plugin, surroundings.environment);
  if (fields.plugin) return ok(plugin);
  const found = surroundings.plugins ? { plugin } : {};
  const tools = { ...(helm && { template: template.value }), ...(!kustomize && { kustomizations: false as const }) };
  return ok({ kind: "detect", ...found, ...tools, overrides: {}, options, directory });
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
  return [...problems, ...kustomizeProblems(fields.kustomize, place), ...directoryProblems(fields.directory, place)];
}
