import { helmValues } from "#adapters/upstream/helm-values.ts";
import { UpstreamError } from "#adapters/upstream/upstream-error.ts";
import { fieldAt, textAt } from "#core/health/condition.ts";
import { valueAtPath, type ValuesPart } from "#core/helm/values-part.ts";
import { gvkOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { CliError } from "#cli/cli-error.ts";
import type { ValuesFiles } from "#cli/eval-values.ts";
import { exitCode } from "#cli/exit-code.ts";
import { readObjects, withHelpers } from "./cli-files.ts";

type Values = Readonly<Record<string, unknown>>;

/** The values that a release of a file gets, with what it refers to from files. @throws CliError */
export async function evalValues({ release, others }: ValuesFiles, signal: AbortSignal): Promise<Values> {
  const files = await readObjects([release, ...others], signal);
  const found = (files[0]?.objects ?? []).filter((object) => {
    return object.kind === "HelmRelease" && gvkOf(object).group === "helm.toolkit.fluxcd.io";
  });
  const [only] = found;
  if (!only || found.length > 1) {
    const count = only ? `${found.length} HelmReleases` : "no HelmRelease";
    throw refused(`${release} holds ${count}, and it must be one`, exitCode.usage);
  }
  const parts = partsOf(
    only,
    files.flatMap(({ objects }) => objects),
  );
  try {
    return await withHelpers(({ full }) => helmValues(full, parts, signal));
  } catch (error) {
    if (!(error instanceof UpstreamError) || error.code !== "invalid-values") throw error;
    throw refused(error.message);
  }
}

/** Whole documents in their order, then the release's own values, then single values at their paths. */
function partsOf(release: Resource, objects: readonly Resource[]): readonly ValuesPart[] {
  const documents: ValuesPart[] = [];
  const paths: ValuesPart[] = [];
  const references = fieldAt(release, ["spec", "valuesFrom"]);
  for (const [index, reference] of (Array.isArray(references) ? references : []).entries()) {
    const text = referenced(release, { reference, index }, objects);
    if (text === null) continue;
    const name = ["kind", "name"].map((field) => textAt(reference, [field])).join("/");
    const targetPath = textAt(reference, ["targetPath"]);
    if (targetPath === "") documents.push({ name, yaml: text });
    else paths.push({ name, set: valueAtPath(targetPath, text, fieldAt(reference, ["literal"]) === true) });
  }
  const own = fieldAt(release, ["spec", "values"]);
  const object = typeof own === "object" && own !== null ? (own as Values) : {};
  return [...documents, { name: "spec.values", object }, ...paths];
}

/** The text that a reference means; null for an optional one that is not there. */
function referenced(
  release: Resource,
  { reference, index }: { reference: unknown; index: number },
  objects: readonly Resource[],
): string | null {
  const [kind = "", name = ""] = ["kind", "name"].map((field) => textAt(reference, [field]));
  const place = `spec.valuesFrom[${index}]`;
  if (kind !== "ConfigMap" && kind !== "Secret") throw refused(`${place}: kind is neither ConfigMap nor Secret`);
  const { namespace } = release.metadata;
  const key = textAt(reference, ["valuesKey"]) || "values.yaml";
  const isOptional = fieldAt(reference, ["optional"]) === true;
  // Files for a kustomization often leave the namespace to it.
  const object = objects.find(({ apiVersion, kind: own, metadata }) => {
    const isNear = metadata.namespace === undefined || namespace === undefined || metadata.namespace === namespace;
    return apiVersion === "v1" && own === kind && metadata.name === name && isNear;
  });
  const text = object && entryOf(object, key);
  if (text !== undefined) return text;
  if (isOptional) return null;
  const missing = object ? `${kind} ${name} has no key ${key}` : `${kind} ${name} is in none of the files`;
  throw refused(`${place}: ${missing}`, exitCode.notFound, object ? "" : "Name its file with --with.");
}

function entryOf(object: Resource, key: string): string | undefined {
  const plain = fieldAt(object, [object.kind === "Secret" ? "stringData" : "data", key]);
  if (typeof plain === "string") return plain;
  const encoded = object.kind === "Secret" ? fieldAt(object, ["data", key]) : undefined;
  return typeof encoded === "string" ? Buffer.from(encoded, "base64").toString("utf8") : undefined;
}

function refused(problem: string, code: CliError["exitCode"] = exitCode.failed, advice = ""): CliError {
  return new CliError(`Cannot merge values: ${problem}`, { exitCode: code, advice });
}
