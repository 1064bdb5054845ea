import type { Problem } from "#core/result.ts";
import type { BucketSpec } from "./bucket-schema.ts";
import type { GitRepositorySpec } from "./git-repository-schema.ts";
import type { HelmRepositorySpec } from "./helm-repository-schema.ts";
import type { OciRepositorySpec } from "./oci-repository-schema.ts";
import { unsupportedKubeConfig } from "./kube-config.ts";
import type { KustomizationSpec } from "./kustomization-schema.ts";

const gitRepositoryFields: readonly (keyof GitRepositorySpec)[] = ["serviceAccountName"];

/**
 * Fields of a Kustomization that would change what is applied and are not implemented. Deleting one asks only which
 * cluster its objects are on.
 */
export function unsupportedInKustomization(spec: KustomizationSpec, deleting: boolean): readonly Problem[] {
  const problems = [...unsupportedKubeConfig(spec.kubeConfig, "Kustomization")];
  if (deleting) return problems;
  if (isSet(spec.decryption?.serviceAccountName)) {
    problems.push(notSupported("spec.decryption.serviceAccountName", "Kustomization"));
  }
  if (spec.sourceRef.kind === "ExternalArtifact") {
    problems.push({
      path: "spec.sourceRef.kind",
      message: `${spec.sourceRef.kind} is not supported yet; use a GitRepository, OCIRepository or Bucket, or keep this Kustomization with its present controller`,
    });
  }
  return problems;
}

const ociRepositoryFields: readonly (keyof OciRepositorySpec)[] = ["serviceAccountName"];

/** Fields of a GitRepository that would change what is fetched and are not implemented. */
export function unsupportedInGitRepository(spec: GitRepositorySpec): readonly Problem[] {
  const problems = gitRepositoryFields
    .filter((field) => isSet(spec[field]))
    .map((field) => notSupported(`spec.${field}`, "GitRepository"));
  return spec.provider === "github" ? problems : [...problems, ...unsupportedProvider(spec.provider, "GitRepository")];
}

/** Fields of an OCIRepository that would change what is fetched and are not implemented. */
export function unsupportedInOciRepository(spec: OciRepositorySpec): readonly Problem[] {
  const problems = ociRepositoryFields
    .filter((field) => isSet(spec[field]))
    .map((field) => notSupported(`spec.${field}`, "OCIRepository"));
  return [...problems, ...unsupportedProvider(spec.provider, "OCIRepository")];
}

const bucketFields: readonly (keyof BucketSpec)[] = ["serviceAccountName", "sts"];

/** Fields of a Bucket that would change what is fetched and are not implemented. */
export function unsupportedInBucket(spec: BucketSpec): readonly Problem[] {
  const problems = bucketFields
    .filter((field) => isSet(spec[field]))
    .map((field) => notSupported(`spec.${field}`, "Bucket"));
  return spec.provider === "aws" ? problems : [...problems, ...unsupportedProvider(spec.provider, "Bucket")];
}

/** Fields of a HelmRepository that would change what is fetched, or who may use it, and are not implemented. */
export function unsupportedInHelmRepository(spec: HelmRepositorySpec): readonly Problem[] {
  const problems = isSet(spec.accessFrom) ? [notSupported("spec.accessFrom", "HelmRepository")] : [];
  return [...problems, ...unsupportedProvider(spec.provider, "HelmRepository")];
}

function unsupportedProvider(provider: string | undefined, kind: string): readonly Problem[] {
  if ((provider ?? "generic") === "generic") return [];
  const message = `${provider} is not supported yet; use generic or keep this ${kind} with its present controller`;
  return [{ path: "spec.provider", message }];
}

function notSupported(path: string, kind: string): Problem {
  return { path, message: `not supported yet; remove it or keep this ${kind} with its present controller` };
}

/** Empty values ask for nothing. */
function isSet(value: unknown): boolean {
  if (value === undefined || value === false || value === "") return false;
  return !Array.isArray(value) || value.length > 0;
}
