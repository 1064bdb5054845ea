import { textAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import { type Problem, type Result, ok, refused } from "#core/result.ts";
import type { OciRef } from "#core/source/oci-ref.ts";
import type { Revision, Source } from "#core/source/source.ts";
import { artifactVerification } from "./artifact-verification.ts";
import { cloudOf } from "./cloud-of.ts";
import { checkSpec } from "./check-spec.ts";
import { type OciRepositorySpec, ociRepositorySpec } from "./oci-repository-schema.ts";
import { sourceBasics } from "./source-basics.ts";

/** Parses an OCIRepository into a source; never throws. */
export function parseOciRepository(object: Resource): Result<Source, readonly Problem[]> {
  const checked = checkSpec(ociRepositorySpec, object["spec"]);
  if (!checked.ok) return checked;
  const spec = checked.value;
  const { namespace = "" } = object.metadata;
  const problems: Problem[] = [];
  const verification = spec.verify && artifactVerification(namespace, spec.verify, problems);
  const basics = sourceBasics(object, spec, problems);
  if (problems.length > 0) return refused(problems);
  const { mediaType = "", operation = "extract" } = spec.layerSelector ?? {};
  return ok({
    ...basics,
    ...(verification && { verification }),
    ...(spec.serviceAccountName && { account: { namespace, name: spec.serviceAccountName } }),
    remote: { kind: "oci", insecure: spec.insecure ?? false, layer: { mediaType, operation }, ...cloudOf(spec) },
    ref: refOf(spec),
    secrets: {
      ...(spec.secretRef && { credential: { namespace, name: spec.secretRef.name } }),
      ...(spec.certSecretRef && { certificate: { namespace, name: spec.certSecretRef.name } }),
      ...(spec.proxySecretRef && { proxy: { namespace, name: spec.proxySecretRef.name } }),
    },
    recorded: recordedOf(textAt(object, ["status", "artifact", "revision"])),
  });
}

/** How a digest of an artifact is written in a status: `<tag>@sha256:<hash>`, or the digest alone. */
export function ociRevision(digest: string, tag: string | null): Revision {
  return { text: tag === null ? digest : `${tag}@${digest}`, commit: digest, refName: tag };
}

function recordedOf(text: string): Revision | null {
  const match = /^(?:(.+)@)?(sha256:[0-9a-f]{64})$/.exec(text);
  return match === null ? null : { text, commit: match[2] ?? "", refName: match[1] ?? null };
}

/** A digest wins over a range, a range over a tag. */
function refOf({ ref = {} }: OciRepositorySpec): OciRef {
  if (ref.digest) return { kind: "digest", value: ref.digest };
  if (ref.semver) {
    return { kind: "semver", value: ref.semver, ...(ref.semverFilter && { filter: ref.semverFilter }) };
  }
  return { kind: "tag", value: ref.tag || "latest" };
}
