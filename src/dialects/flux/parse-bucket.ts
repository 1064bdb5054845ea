import { textAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import { type Problem, type Result, ok, refused } from "#core/result.ts";
import type { Revision, Source } from "#core/source/source.ts";
import { type BucketSpec, bucketSpec } from "./bucket-schema.ts";
import { checkSpec } from "./check-spec.ts";
import { sourceBasics } from "./source-basics.ts";
import { unsupportedInBucket } from "./unsupported.ts";

/** Parses a Bucket into a source; never throws. */
export function parseBucket(object: Resource): Result<Source, readonly Problem[]> {
  const checked = checkSpec(bucketSpec, object["spec"]);
  if (!checked.ok) return checked;
  const spec = checked.value;
  const problems: Problem[] = [...unsupportedInBucket(spec), ...missingIn(spec)];
  const basics = sourceBasics(object, { ...spec, url: spec.endpoint }, problems);
  if (problems.length > 0) return refused(problems);
  const { namespace = "" } = object.metadata;
  const { bucketName: bucket, prefix = "", region = "", insecure = false, ignore = null } = spec;
  return ok({
    ...basics,
    remote: { kind: "bucket", bucket, prefix, region, insecure, ignore },
    ref: { kind: "bucket", value: prefix === "" ? bucket : `${bucket}/${prefix}` },
    secrets: {
      ...(spec.secretRef && { credential: { namespace, name: spec.secretRef.name } }),
      ...(spec.certSecretRef && { certificate: { namespace, name: spec.certSecretRef.name } }),
      ...(spec.proxySecretRef && { proxy: { namespace, name: spec.proxySecretRef.name } }),
    },
    recorded: recordedOf(textAt(object, ["status", "artifact", "revision"])),
  });
}

/** How the content of a bucket is written in a status. */
export function bucketRevision(digest: string): Revision {
  return { text: digest, commit: digest, refName: null };
}

function recordedOf(text: string): Revision | null {
  return /^sha256:[0-9a-f]{64}$/.test(text) ? bucketRevision(text) : null;
}

function missingIn({ provider, region, secretRef }: BucketSpec): readonly Problem[] {
  if (provider !== "aws") return [];
  const problems: Problem[] = [];
  if (!region) problems.push({ path: "spec.region", message: "is required when the provider is aws" });
  if (!secretRef) {
    const message = "is required when the provider is aws: only keys from a Secret are supported yet";
    problems.push({ path: "spec.secretRef", message });
  }
  return problems;
}
