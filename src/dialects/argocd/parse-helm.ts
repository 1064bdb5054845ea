import type { TemplateCapabilities, TemplateFile, TemplateSpec } from "#core/app/render-spec.ts";
import { type Problem, ok, refused, type Result } from "#core/result.ts";
import { BUILD_VARIABLES, type BuildEnvironment, plainVersion, substituted } from "./build-environment.ts";
import { isRegistry } from "./source-address.ts";
import type { SourceSettings } from "./settings-source.ts";
import type { HelmFields, SourceFields } from "./source-schema.ts";

/** What a chart is rendered with besides what its `helm` block says. */
export interface HelmContext {
  /** Where the block stands, for messages. */
  readonly place: string;
  readonly release: { readonly name: string; readonly namespace: string };
  /** Folder of the chart in its source. */
  readonly folder: string;
  /** Names of the sources that may be referred to. */
  readonly refs: ReadonlySet<string>;
  /** Null: what the variables stand for is not known yet. */
  readonly environment: BuildEnvironment | null;
  readonly cluster: TemplateCapabilities | null;
  readonly sources: SourceSettings;
}

/** How a chart is rendered by its `helm` block; without one as its maker meant it. */
export function templateSpec(fields: SourceFields, context: HelmContext): Result<TemplateSpec, readonly Problem[]> {
  const { helm = {} } = fields;
  const problems: Problem[] = [];
  const fileAt = (path: string, place: string): TemplateFile => {
    const file = locatedFile(path, context);
    if (file.ok) return file.value;
    problems.push({ path: `${context.place}.${place}`, message: `${context.place}.${place}: ${file.error}` });
    return { source: null, path: "" };
  };
  const valueFiles = (helm.valueFiles ?? []).map((path, at) => fileAt(path, `valueFiles[${at}]`));
  const files = (helm.fileParameters ?? []).map(({ name = "", path = "" }, at) => ({
    path: name,
    file: fileAt(path, `fileParameters[${at}]`),
  }));
  if (problems.length > 0) return refused(problems);
  const { release } = context;
  return ok({
    kind: "template",
    isPacked: Boolean(fields.chart),
    mayNest: !fields.chart && isRegistry(fields.repoURL),
    release: { name: helm.releaseName || release.name, namespace: helm.namespace || release.namespace },
    valueFiles,
    ignoreMissingValueFiles: helm.ignoreMissingValueFiles ?? false,
    values: [...inlineValues(helm, context.place), ...parameters(helm, context), ...files],
    capabilities: {
      kubeVersion: plainVersion(helm.kubeVersion || (context.cluster?.kubeVersion ?? "")),
      apiVersions: helm.apiVersions?.length ? helm.apiVersions : (context.cluster?.apiVersions ?? []),
    },
    skipCrds: helm.skipCrds ?? false,
    skipTests: helm.skipTests ?? false,
    skipSchemaValidation: helm.skipSchemaValidation ?? false,
  });
}

/** An object stands in for the text where there is one. */
function inlineValues({ values, valuesObject }: HelmFields, place: string): TemplateSpec["values"] {
  if (valuesObject)
    return [{ name: `${place}.valuesObject`, object: valuesObject as Readonly<Record<string, unknown>> }];
  return values ? [{ name: `${place}.values`, yaml: values }] : [];
}

/** Those that are kept as text come after the others, whatever their order. */
function parameters({ parameters: all = [] }: HelmFields, { environment, place }: HelmContext): TemplateSpec["values"] {
  const set = all.map(({ name = "", value = "", forceString = false }) => ({
    name: `${place}.parameters`,
    set: {
      path: name,
      value: escapedCommas(environment ? substituted(value, environment) : value),
      as: forceString ? ("string" as const) : ("typed" as const),
    },
  }));
  return [...set.filter(({ set: { as } }) => as === "typed"), ...set.filter(({ set: { as } }) => as === "string")];
}

/** A comma would begin another value, but in a list. */
function escapedCommas(value: string): string {
  return value.startsWith("{") && value.endsWith("}") ? value : value.replace(/([^\\]),/g, "$1\\,");
}

/** A file by its path: from the chart's folder, with a slash in front from the root, with a name in front in that source. */
function locatedFile(path: string, context: HelmContext): Result<TemplateFile, string> {
  const { refs, environment, folder, sources } = context;
  const named = /^\$([^/]*)(\/.*)?$/.exec(path);
  const [, name = "", rest = ""] = named ?? [];
  const expand = (text: string) => (environment ? substituted(text, environment) : text);
  if (named && refs.has(name)) {
    if (/^\/*$/.test(rest)) return refused(`invalid value file path "${path}": no file path after the ref name`);
    return inside(expand(rest), { root: name, folder: "", written: path });
  }
  const variable = /^\{?(\w*)/.exec(name)?.[1] ?? "";
  if (named && name !== "" && !name.startsWith("$") && !BUILD_VARIABLES.has(variable)) {
    return refused(`"${path}" names a source "$${name}", which no entry of spec.sources has as its ref`);
  }
  const expanded = expand(path);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(expanded)?.[1];
  if (scheme && sources.valuesFileSchemes.includes(scheme.toLowerCase())) return ok({ url: expanded });
  if (scheme) return refused(`the scheme of "${path}" is not allowed`);
  return inside(expanded, { root: null, folder: expanded.startsWith("/") ? "" : folder, written: path });
}

function inside(
  path: string,
  { root, folder, written }: { root: string | null; folder: string; written: string },
): Result<TemplateFile, string> {
  const kept: string[] = folder === "" ? [] : folder.split("/");
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") kept.push(part);
    else if (kept.pop() === undefined) return refused(`value file '${written}' resolved to outside repository root`);
  }
  return ok({ source: root, path: kept.join("/") });
}
