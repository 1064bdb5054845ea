import type { GeneratedObject } from "#core/app/dialect.ts";
import { conditionOf, fieldAt, textAt } from "#core/health/condition.ts";
import { type Resource, labelsOf } from "#core/resource/resource.ts";
import type { GeneratedArtifact } from "#core/source/generator/generator.ts";
import { originAnnotation } from "#core/source/noted-revision.ts";
import { timeText } from "./time-text.ts";

/** The manager of what generators make, as upstream's controller for them is called. */
export const generatorManager = "source-watcher";

const generatorLabel = "source.extensions.fluxcd.io/generator";

/** An entry of a generator's inventory. */
export interface MadeArtifact {
  readonly name: string;
  readonly namespace: string;
  readonly digest: string;
  readonly filename: string;
}

/** The artifacts that a generator's status tells of. */
export function generatorMade(generator: Resource): readonly MadeArtifact[] {
  const inventory = fieldAt(generator, ["status", "inventory"]);
  if (!Array.isArray(inventory)) return [];
  return inventory.map((entry: unknown) => ({
    name: textAt(entry, ["name"]),
    namespace: textAt(entry, ["namespace"]),
    digest: textAt(entry, ["digest"]),
    filename: textAt(entry, ["filename"]),
  }));
}

/** Whether an ExternalArtifact says that it is this generator's. */
export function isMadeBy(generator: Resource, live: Resource): boolean {
  const { uid = "" } = generator.metadata;
  return uid !== "" && labelsOf(live)[generatorLabel] === uid;
}

/** Whether an ExternalArtifact may become this generator's: it is, or says that it is made for one of its name. */
export function mayBeMadeBy(generator: Resource, live: Resource): boolean {
  const field = (name: string) => textAt(live, ["spec", "sourceRef", name]);
  const { name, namespace = "" } = generator.metadata;
  const isNamed = field("kind") === generator.kind && field("name") === name;
  return isMadeBy(generator, live) || (isNamed && (field("namespace") || live.metadata.namespace) === namespace);
}

/** The ExternalArtifact for an artifact of a generator, with its status, as upstream writes it. */
export function externalArtifact(
  generator: Resource,
  { output, served, live, now }: GeneratedObject,
): { readonly object: Resource; readonly status: Readonly<Record<string, unknown>> } {
  const { name, namespace = "", uid = "" } = generator.metadata;
  const common = (field: string) => fieldAt(generator, ["spec", "commonMetadata", field]) as Record<string, string>;
  const annotations = common("annotations");
  const marks = { "app.kubernetes.io/managed-by": generatorManager, [generatorLabel]: uid };
  const { apiVersion, kind } = generator;
  const object: Resource = {
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: "ExternalArtifact",
    metadata: {
      name: output.name,
      namespace,
      labels: { ...common("labels"), ...output.labels, ...marks },
      ...(annotations && { annotations }),
    },
    spec: { sourceRef: { apiVersion, kind, name, namespace } },
  };
  const artifact = artifactOf(output, { namespace, served });
  return { object, status: statusOf(artifact, { live, now }) };
}

/** The name of an artifact's file: the digest of its content. */
export function artifactFile({ revision }: GeneratedArtifact): string {
  return `${revision.commit.replace(/^sha256:/, "")}.tar.gz`;
}

function artifactOf(
  output: GeneratedArtifact,
  { namespace, served }: { namespace: string; served: GeneratedObject["served"] },
): Readonly<Record<string, unknown>> {
  const { revision, name } = output;
  const path = `externalartifact/${namespace}/${name}/${artifactFile(output)}`;
  return {
    digest: served?.digest ?? revision.commit,
    path,
    revision: revision.text,
    // Nobody serves it: only apps of this controller can read it.
    url: served?.url ?? "",
    ...(served && { size: served.size }),
    ...(revision.origin !== undefined && { metadata: { [originAnnotation]: revision.origin } }),
  };
}

function statusOf(
  artifact: Readonly<Record<string, unknown>>,
  { live, now }: Pick<GeneratedObject, "live" | "now">,
): Readonly<Record<string, unknown>> {
  const known = fieldAt(live, ["status", "artifact"]);
  const isKnown =
    ["digest", "path", "revision", "url"].every((field) => textAt(known, [field]) === artifact[field]) &&
    textAt(known, ["metadata", originAnnotation]) === textAt(artifact, ["metadata", originAnnotation]);
  const before = live && conditionOf(live, "Ready");
  const since = before?.status === "True" ? textAt(before, ["lastTransitionTime"]) : "";
  const ready = {
    lastTransitionTime: since || timeText(now),
    message: "Artifact is ready",
    observedGeneration: live?.metadata.generation ?? 1,
    reason: "Succeeded",
    status: "True",
    type: "Ready",
  };
  return { artifact: isKnown ? known : { ...artifact, lastUpdateTime: timeText(now) }, conditions: [ready] };
}
