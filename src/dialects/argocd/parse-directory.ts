import type { DirectorySpec } from "#core/app/render-spec.ts";
import type { Problem } from "#core/result.ts";
import { pathInside } from "#core/source/clean-path.ts";
import { type BuildEnvironment, substituted } from "./build-environment.ts";
import type { DirectoryFields } from "./source-schema.ts";

/** How the files of a directory become objects, as its block says. */
export function directorySpec(fields: DirectoryFields = {}, environment: BuildEnvironment | null): DirectorySpec {
  const { recurse = false, include = "", exclude = "", disableExtensionFilter, jsonnet = {} } = fields;
  const { extVars = [], tlas = [], libs = [] } = jsonnet;
  const isAny = extVars.length + tlas.length + libs.length > 0;
  const filled = (text: string) => (environment ? substituted(text, environment) : text);
  const variables = (given: typeof extVars) =>
    given.map(({ name, value, code = false }) => ({ name, value: filled(value), code }));
  const evaluated = {
    extVars: variables(extVars),
    tlas: variables(tlas),
    libs: libs.map((lib) => pathInside(lib) ?? lib),
  };
  return {
    kind: "directory",
    recurse,
    include,
    exclude,
    ...(disableExtensionFilter ? { anyName: true } : {}),
    ...(isAny ? { jsonnet: evaluated } : {}),
  };
}

/** Folders of libraries that are not of the repository. */
export function directoryProblems(fields: DirectoryFields | undefined, place: string): Problem[] {
  const path = `${place}.directory.jsonnet.libs`;
  return (fields?.jsonnet?.libs ?? [])
    .filter((lib) => pathInside(lib) === null)
    .map((lib) => ({ path, message: `${path}: ${JSON.stringify(lib)} leaves the repository` }));
}
