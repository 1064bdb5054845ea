import type { Lookup } from "#core/app/dialect.ts";
import { textAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import { type Problem, type Result, ok } from "#core/result.ts";
import { type Revision, type Source, sourceObjectKey } from "#core/source/source.ts";
import { checkSpec } from "./check-spec.ts";
import { externalArtifactSpec } from "./external-artifact-schema.ts";
import { originAnnotation } from "#core/source/noted-revision.ts";
import { isMadeBy } from "./generated-artifact.ts";
import { madeBy } from "./parse-artifact-generator.ts";
import { sourceBasics } from "./source-basics.ts";

/** Nothing is asked again: what has a digest does not change. */
const interval = "1h";

/**
 * Parses an ExternalArtifact into a source; never throws. What is followed is the artifact that its
 * maker tells of; what a generator here makes is followed without that detour.
 */
export function parseExternalArtifact(object: Resource, lookup: Lookup): Result<Source, readonly Problem[]> {
  const checked = checkSpec(externalArtifactSpec, object["spec"] ?? {});
  if (!checked.ok) return checked;
  const { namespace = "" } = object.metadata;
  const { sourceRef } = checked.value;
  const generator = sourceRef?.kind === "ArtifactGenerator" ? lookup(sourceRef.kind, namespace, sourceRef.name) : null;
  if (generator && isMadeBy(generator, object)) {
    const { kind, metadata } = generator;
    const key = sourceObjectKey(kind, namespace, metadata.name);
    return ok(madeBy(object, { key, name: `${kind} '${metadata.name}'` }));
  }
  const [url = "", digest = "", revision = ""] = ["url", "digest", "revision"].map((field) =>
    textAt(object, ["status", "artifact", field]),
  );
  return ok({
    ...sourceBasics(object, { url: "", interval }, []),
    url,
    ignore: undefined,
    remote: { kind: "artifact" },
    ref: { kind: "artifact", value: digest, url, revision, origin: originOf(object) },
    secrets: {},
    recorded: null,
  });
}

/** How an artifact is called by its maker. */
export function externalRevision({ ref }: Source, digest: string): Revision {
  const revision = { text: digest, commit: digest, refName: null };
  if (ref.kind !== "artifact") return revision;
  return { ...revision, text: ref.revision, ...(ref.origin !== "" && { origin: ref.origin }) };
}

function originOf(object: Resource): string {
  return textAt(object, ["status", "artifact", "metadata", originAnnotation]);
}
