import { textAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import { type Problem, type Result, ok, refused } from "#core/result.ts";
import type { TokenService } from "#core/source/remote.ts";
import type { Revision, Source } from "#core/source/source.ts";
import { type BucketSpec, bucketSpec } from "./bucket-schema.ts";
import { checkSpec } from "./check-spec.ts";
import { sourceBasics } from "./source-basics.ts";

/** Parses a Bucket into a source; never throws. */
export function parseBucket(object: Resource): Result<Source, readonly Problem[]> {
  const checked = checkSpec(bucketSpec, object["spec"]);
  if (!checked.ok) return checked;
  const spec = checked.value;
  const problems: Problem[] = [...contradictionsIn(spec)];
  const basics = sourceBasics(object, { ...spec, url: spec.endpoint }, problems);
  if (problems.length > 0) return refused(problems);
  const { namespace = "" } = object.metadata;
  const { provider = "generic", sts, serviceAccountName } = spec;
  const { bucketName: bucket, prefix = "", region = "", insecure = false, ignore = null } = spec;
  return ok({
    ...basics,
    remote: {
      kind: "bucket",
      ...(provider !== "generic" && { cloud: provider }),
      ...(sts && { sts: { kind: sts.provider, endpoint: sts.endpoint } }),
      bucket,
      prefix,
      region,
      insecure,
      ignore,
    },
    ...(serviceAccountName && { account: { namespace, name: serviceAccountName } }),
    ref: { kind: "bucket", value: prefix === "" ? bucket : `${bucket}/${prefix}` },
    secrets: {
      ...(spec.secretRef && { credential: { namespace, name: spec.secretRef.name } }),
      ...(spec.certSecretRef && { certificate: { namespace, name: spec.certSecretRef.name } }),
      ...(spec.proxySecretRef && { proxy: { namespace, name: spec.proxySecretRef.name } }),
      ...(sts?.secretRef && { stsCredential: { namespace, name: sts.secretRef.name } }),
      ...(sts?.certSecretRef && { stsCertificate: { namespace, name: sts.certSecretRef.name } }),
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

/** Who lends keys to the buckets of a provider. */
const stsOf: Readonly<Record<string, TokenService["kind"]>> = { aws: "aws", generic: "ldap" };

/**
 * What cannot be together, as the definition of upstream has it. Upstream ignores a certificate for Google and Azure, and
 * whoever could name an authority could read the controller's tokens.
 */
function contradictionsIn(spec: BucketSpec): readonly Problem[] {
  const { provider = "generic", sts, secretRef, certSecretRef, serviceAccountName, region } = spec;
  const rules: readonly (readonly [boolean, string, string])[] = [
    [!!serviceAccountName && !!secretRef, "serviceAccountName", "cannot be set together with spec.secretRef"],
    [
      !!serviceAccountName && provider === "generic",
      "serviceAccountName",
      "is not supported for the 'generic' Bucket provider",
    ],
    [!!serviceAccountName && provider === "aws" && !region, "region", "is required when a service account asks AWS"],
    [
      !!certSecretRef && !stsOf[provider],
      "certSecretRef",
      "is only supported for the 'aws' and 'generic' Bucket providers",
    ],
    [!!sts && !stsOf[provider], "sts", "is only supported for the 'aws' and 'generic' Bucket providers"],
    [
      !!sts && !!stsOf[provider] && sts.provider !== stsOf[provider],
      "sts.provider",
      `'${stsOf[provider]}' is the only supported STS provider for the '${provider}' Bucket provider`,
    ],
    [sts?.provider === "aws" && !!sts.secretRef, "sts.secretRef", "is not required for the 'aws' STS provider"],
    [sts?.provider === "aws" && !!sts.certSecretRef, "sts.certSecretRef", "is not required for the 'aws' STS provider"],
  ];
  return rules.flatMap(([isBroken, field, message]) => (isBroken ? [{ path: `spec.${field}`, message }] : []));
}
