import type { Problem } from "#core/result.ts";
import type { ArtifactVerification } from "#core/source/source.ts";
import type { OciRepositorySpec } from "./oci-repository-schema.ts";

type Verify = NonNullable<OciRepositorySpec["verify"]>;

/** How artifacts and charts must be signed; what cannot be verified here is added to the problems, with the way out. */
export function artifactVerification(namespace: string, verify: Verify, problems: Problem[]): ArtifactVerification {
  const { provider, secretRef, trustedRootSecretRef, matchOIDCIdentity: identities = [] } = verify;
  const problem = (field: string, message: string) => void problems.push({ path: `spec.verify${field}`, message });
  if (provider === "notation" && !secretRef) problem(".secretRef", "is needed with the provider notation");
  if (provider === "notation" || secretRef) {
    const why = provider === "notation" ? "for the provider cosign" : "for signatures without keys; remove secretRef";
    if (trustedRootSecretRef) problem(".trustedRootSecretRef", `is only ${why}, or remove it`);
    if (identities.length > 0) problem(".matchOIDCIdentity", `is only ${why}, or remove it`);
  } else {
    if (!trustedRootSecretRef) problem("", withoutRoot);
    if (identities.length === 0) {
      problem(".matchOIDCIdentity", "is needed without secretRef: anybody can sign without a key");
    }
  }
  return {
    provider,
    keys: secretRef ? { namespace, name: secretRef.name } : null,
    trustedRoot: trustedRootSecretRef ? { namespace, name: trustedRootSecretRef.name } : null,
    identities,
  };
}

const withoutRoot =
  "signatures without keys are verified offline: put Sigstore's public trusted_root.json into a Secret and name it in " +
  "spec.verify.trustedRootSecretRef, or name a Secret of keys in spec.verify.secretRef";
