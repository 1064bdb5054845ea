import { textAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import { type Problem, type Result, ok, refused } from "#core/result.ts";
import type { Revision, Source } from "#core/source/source.ts";
import { cloudOf } from "./cloud-of.ts";
import { checkSpec } from "./check-spec.ts";
import { type HelmRepositorySpec, helmRepositorySpec } from "./helm-repository-schema.ts";
import { sourceBasics } from "./source-basics.ts";
import { unsupportedInHelmRepository } from "./unsupported.ts";

const defaultInterval = "1m";

/**
 * Parses a HelmRepository into a source that follows its index; never throws. One of type `oci` has none: it only tells
 * charts where they are, and is never looked at itself.
 */
export function parseHelmRepository(object: Resource): Result<Source, readonly Problem[]> {
  const checked = checkSpec(helmRepositorySpec, object["spec"]);
  if (!checked.ok) return checked;
  const spec = checked.value;
  const problems: Problem[] = [...unsupportedInHelmRepository(spec), ...addressProblems(spec)];
  const basics = sourceBasics(object, { ...spec, interval: spec.interval ?? defaultInterval }, problems);
  if (problems.length > 0) return refused(problems);
  const { namespace = "" } = object.metadata;
  const { passCredentials = false, insecure = false, secretRef, certSecretRef } = spec;
  return ok({
    ...basics,
    ignore: undefined,
    suspended: basics.suspended || spec.type === "oci",
    ...(spec.type === "oci" && { isPassive: true }),
    // Upstream asks clouds for registries alone.
    remote: { kind: "helm", passCredentials, insecure, ...(spec.type === "oci" && cloudOf(spec)) },
    ref: { kind: "index", value: "index.yaml" },
    secrets: {
      ...(secretRef && { credential: { namespace, name: secretRef.name } }),
      ...(certSecretRef && { certificate: { namespace, name: certSecretRef.name } }),
    },
    recorded: spec.type === "oci" ? null : recordedOf(textAt(object, ["status", "artifact", "revision"])),
  });
}

/** How an index, or a version of a chart, is written in a status. */
export function helmRevision(digest: string, version: string | null): Revision {
  return { text: version ?? digest, commit: digest, refName: version };
}

function recordedOf(text: string): Revision | null {
  return /^sha256:[0-9a-f]{64}$/.test(text) ? helmRevision(text, null) : null;
}

function addressProblems({ type, url }: HelmRepositorySpec): readonly Problem[] {
  const isRegistry = url.startsWith("oci://");
  if (isRegistry === (type === "oci")) return [];
  const message = isRegistry ? "needs the type oci" : "must begin with oci:// when the type is oci";
  return [{ path: "spec.url", message }];
}
