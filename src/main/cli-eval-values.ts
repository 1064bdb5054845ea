import { helmValues } from "#adapters/upstream/helm-values.ts";
import { UpstreamError } from "#adapters/upstream/upstream-error.ts";
import { fieldAt, textAt } from "#core/health/condition.ts";
import type { ValuesPart } from "#core/helm/values-part.ts";
import { gvkOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { CliError } from "#cli/cli-error.ts";
import type { ValuesFiles } from "#cli/eval-values.ts";
import { exitCode } from "#cli/exit-code.ts";
import {
  type ResolvedValues,
  type ValuesReference,
  valuesKeyOf,
  valuesParts,
} from "#dialects/flux/helm-release-values.ts";
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
    return (await withHelpers(({ full }) => helmValues(full, parts, signal))).values;
  } catch (error) {
    if (!(error instanceof UpstreamError) || error.code !== "invalid-values") throw error;
    throw refused(error.message);
  }
}

function partsOf(release: Resource, objects: readonly Resource[]): readonly ValuesPart[] {
  const references = fieldAt(release, ["spec", "valuesFrom"]);
  const resolved = (Array.isArray(references) ? references : []).map((entry: unknown, index): ResolvedValues => {
    const reference = referenceOf(entry, `spec.valuesFrom[${index}]`);
    return { reference, text: referenced(release, { reference, index }, objects) };
  });
  const own = fieldAt(release, ["spec", "values"]);
  return valuesParts(resolved, typeof own === "object" && own !== null ? (own as Values) : {});
}

function referenceOf(entry: unknown, place: string): ValuesReference {
  const text = (field: string) => textAt(entry, [field]);
  const kind = text("kind");
  if (kind !== "ConfigMap" && kind !== "Secret") throw refused(`${place}: kind is neither ConfigMap nor Secret`);
  const [optional, literal] = ["optional", "literal"].map((field) => fieldAt(entry, [field]) === true);
  return {
    kind,
    name: text("name"),
    valuesKey: text("valuesKey"),
    targetPath: text("targetPath"),
    ...(optional && { optional }),
    ...(literal && { literal }),
  };
}

/** The text that a reference means; null for an optional one that is not there. */
function referenced(
  release: Resource,
  { reference, index }: { readonly reference: ValuesReference; readonly index: number },
  objects: readonly Resource[],
): string | null {
  const { kind, name } = reference;
  const { namespace } = release.metadata;
  const key = valuesKeyOf(reference);
  // Files for a kustomization often leave the namespace to it.
  const object = objects.find(({ apiVersion, kind: own, metadata }) => {
    const isNear = metadata.namespace === undefined || namespace === undefined || metadata.namespace === namespace;
    return apiVersion === "v1" && own === kind && metadata.name === name && isNear;
  });
  const text = object && entryOf(object, key);
  if (text !== undefined) return text;
  if (reference.optional) return null;
  const missing = object ? `${kind} ${name} has no key ${key}` : `${kind} ${name} is in none of the files`;
  throw refused(`spec.valuesFrom[${index}]: ${missing}`, exitCode.notFound, object ? "" : "Name its file with --with.");
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
