import type { Settings } from "#core/app/settings.ts";
import { fieldAt, textAt } from "#core/health/condition.ts";
import { type Resource, annotationsOf } from "#core/resource/resource.ts";
import { type Problem, type Result, ok, refused } from "#core/result.ts";
import type { CopyStep, GeneratorOutput, GeneratorRef, OutputRef } from "#core/source/generator/generator-ref.ts";
import { namedPath, templateNames, templateProblem } from "#core/source/generator/generator-paths.ts";
import { type Source, type SourceKey, sourceObjectKey } from "#core/source/source.ts";
import { type ArtifactGeneratorSpec, artifactGeneratorSpec } from "./artifact-generator-schema.ts";
import { checkSpec } from "./check-spec.ts";
import { generatorMade } from "./generated-artifact.ts";
import { sourceBasics } from "./source-basics.ts";

/** Where a problem is that concerns who may read what. */
export const foreignSourcePath = "spec.sources.namespace";

const reconcileAnnotation = "source.extensions.fluxcd.io/reconcile";
const interval = "1h";
const strategies = { Overwrite: "overwrite", Merge: "merge", Extract: "extract" } as const;
/** Fields of later versions, which would change what is made. */
const later = { spec: ["namespaces", "serviceAccountName"], artifact: ["namespace", "inputsFrom"], copy: ["optional"] };

/** Parses an ArtifactGenerator into a source that is made of others; never throws. */
export function parseArtifactGenerator(object: Resource, settings?: Settings): Result<Source, readonly Problem[]> {
  const checked = checkSpec(artifactGeneratorSpec, object["spec"]);
  if (!checked.ok) return checked;
  const spec = checked.value;
  const { namespace: own = "" } = object.metadata;
  const inputs = spec.sources.map(({ alias, kind, namespace = own, name }) => {
    return { alias, source: sourceObjectKey(kind, namespace, name) };
  });
  const problems = [
    ...laterFields(object["spec"]),
    ...nameProblems(spec),
    ...templateProblems(spec),
    ...(settings?.ownNamespaceOnly ? foreignSources(spec, own) : []),
  ];
  if (problems.length > 0) return refused(problems);
  const ref: GeneratorRef<SourceKey> = {
    kind: "generator",
    value: spec.pathPattern ?? "",
    inputs,
    outputs: spec.artifacts.map(outputOf),
    recorded: recordedOf(object),
  };
  const text = textAt(object, ["status", "observedSourcesDigest"]);
  return ok({
    ...sourceBasics(object, { url: "", interval }, []),
    url: inputs.map(({ source }) => source).join(", "),
    ignore: undefined,
    remote: { kind: "derived" },
    ref,
    secrets: {},
    suspended: annotationsOf(object)[reconcileAnnotation]?.toLowerCase() === "disabled",
    recorded: text === "" ? null : { text, commit: text, refName: null },
  });
}

/** A source that a generator of this namespace makes: its object is the generator's own. */
export function madeBy(object: Resource, generator: { key: SourceKey; name: string }): Source {
  return {
    ...sourceBasics(object, { url: "", interval }, []),
    url: generator.key,
    ignore: undefined,
    remote: { kind: "derived" },
    origin: { source: generator.key, name: generator.name },
    ref: { kind: "output", value: object.metadata.name, served: servedOf(object) },
    secrets: {},
    recorded: null,
  };
}

function servedOf(object: Resource): OutputRef["served"] {
  const field = (name: string) => textAt(object, ["status", "artifact", name]);
  const [url, digest, revision] = [field("url"), field("digest"), field("revision")];
  return url === "" ? null : { url, digest, revision };
}

function outputOf({
  name,
  revision,
  originRevision,
  copy,
}: ArtifactGeneratorSpec["artifacts"][number]): GeneratorOutput {
  const copies = copy.map(({ from, to, exclude = [], strategy = "Overwrite" }): CopyStep => {
    return { from, to, exclude, strategy: strategies[strategy] };
  });
  return { name, revisionOf: revision?.slice(1) || null, originOf: originRevision?.slice(1) || null, copies };
}

/** What was told of last: the names of files are the digests of their contents. */
function recordedOf(object: Resource): Readonly<Record<string, string>> {
  const entries = generatorMade(object).map(({ name, filename }) => [
    name,
    `sha256:${filename.replace(/\.tar\.gz$/, "")}`,
  ]);
  return Object.fromEntries(entries) as Record<string, string>;
}

function nameProblems({ sources, artifacts, pathPattern }: ArtifactGeneratorSpec): readonly Problem[] {
  const problems: Problem[] = [];
  const aliases = new Set<string>();
  for (const { alias } of sources) {
    if (aliases.has(alias)) problems.push({ path: "spec.sources", message: `duplicate source alias '${alias}' found` });
    aliases.add(alias);
  }
  const names = new Set<string>();
  for (const { name, revision, originRevision } of artifacts) {
    if (names.has(name)) problems.push({ path: "spec.artifacts", message: `duplicate artifact name '${name}' found` });
    names.add(name);
    if (!pathPattern && !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name)) {
      problems.push({ path: "spec.artifacts", message: `'${name}' is no name of an artifact` });
    }
    for (const [field, reference] of Object.entries({ revision, originRevision })) {
      const alias = reference?.slice(1) ?? "";
      if (alias === "" || aliases.has(alias)) continue;
      const message = `artifact ${name} ${field} source alias '${alias}' not found`;
      problems.push({ path: "spec.artifacts", message });
    }
  }
  return problems;
}

function templateProblems({ artifacts, pathPattern = "" }: ArtifactGeneratorSpec): readonly Problem[] {
  if (pathPattern === "") return [];
  const problem = templateProblem(namedPath(pathPattern)?.path ?? "");
  if (problem !== null) return [{ path: "spec.pathPattern", message: problem }];
  const known = templateNames(pathPattern);
  if (new Set(known).size < known.length) return [{ path: "spec.pathPattern", message: "names something twice" }];
  const odd = known.find((name) => name.startsWith("_") || name.endsWith("_") || name.length > 63);
  if (odd !== undefined) return [{ path: "spec.pathPattern", message: `'${odd}' is no key of a label` }];
  return artifacts
    .flatMap(({ name, copy }) => [name, ...copy.flatMap(({ from, to }) => [from, to])])
    .flatMap((text) => {
      const unknown = templateNames(text).find((one) => !known.includes(one));
      const message =
        templateProblem(text) ??
        (unknown === undefined ? null : `${text} names '${unknown}', which the pattern does not`);
      return message === null ? [] : [{ path: "spec.artifacts", message }];
    });
}

function foreignSources({ sources }: ArtifactGeneratorSpec, own: string): readonly Problem[] {
  const foreign = sources.filter(({ namespace = own }) => namespace !== own);
  return foreign.map(({ kind, namespace, name }) => {
    const message = `cross-namespace reference to source ${kind}/${namespace}/${name} is not allowed`;
    return { path: foreignSourcePath, message };
  });
}

function laterFields(spec: unknown): readonly Problem[] {
  const artifacts = listAt(spec, "artifacts");
  const found = [
    ...later.spec.filter((field) => isSet(spec, field)).map((field) => `spec.${field}`),
    ...later.artifact
      .filter((field) => artifacts.some((one) => isSet(one, field)))
      .map((field) => `spec.artifacts.${field}`),
    ...later.copy
      .filter((field) => artifacts.some((one) => listAt(one, "copy").some((step) => isSet(step, field))))
      .map((field) => `spec.artifacts.copy.${field}`),
  ];
  return found.map((path) => ({ path, message: "not supported yet; remove it" }));
}

function listAt(value: unknown, field: string): readonly unknown[] {
  const found = fieldAt(value, [field]);
  return Array.isArray(found) ? found : [];
}

function isSet(value: unknown, field: string): boolean {
  const found = fieldAt(value, [field]);
  return found !== undefined && found !== null && found !== "" && found !== false;
}
