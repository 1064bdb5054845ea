import type { Problem } from "#core/result.ts";
import type { GitRepositorySpec } from "./git-repository-schema.ts";
import type { KustomizationSpec } from "./kustomization-schema.ts";

const kustomizationFields: readonly (keyof KustomizationSpec)[] = [
  "decryption",
  "healthCheckExprs",
  "ignore",
  "kubeConfig",
  "postBuild",
];

const gitRepositoryFields: readonly (keyof GitRepositorySpec)[] = [
  "include",
  "proxySecretRef",
  "recurseSubmodules",
  "serviceAccountName",
  "sparseCheckout",
  "verify",
];

/**
 * Fields of a Kustomization that would change what is applied and are not implemented. Deleting one asks only which
 * cluster its objects are on.
 */
export function unsupportedInKustomization(spec: KustomizationSpec, deleting: boolean): readonly Problem[] {
  if (deleting) return isSet(spec.kubeConfig) ? [notSupported("spec.kubeConfig", "Kustomization")] : [];
  const problems = kustomizationFields
    .filter((field) => isSet(spec[field]))
    .map((field) => notSupported(`spec.${field}`, "Kustomization"));
  for (const [index, dependency] of (spec.dependsOn ?? []).entries()) {
    if (isSet(dependency.readyExpr)) {
      problems.push(notSupported(`spec.dependsOn[${index}].readyExpr`, "Kustomization"));
    }
  }
  if (spec.sourceRef.kind !== "GitRepository") {
    problems.push({
      path: "spec.sourceRef.kind",
      message: `${spec.sourceRef.kind} is not supported yet; use a GitRepository or keep this Kustomization with its present controller`,
    });
  }
  return problems;
}

/** Fields of a GitRepository that would change what is fetched and are not implemented. */
export function unsupportedInGitRepository(spec: GitRepositorySpec): readonly Problem[] {
  const problems = gitRepositoryFields
    .filter((field) => isSet(spec[field]))
    .map((field) => notSupported(`spec.${field}`, "GitRepository"));
  if ((spec.provider ?? "generic") !== "generic") {
    problems.push({
      path: "spec.provider",
      message: `${spec.provider} is not supported yet; use generic or keep this GitRepository with its present controller`,
    });
  }
  return problems;
}

function notSupported(path: string, kind: string): Problem {
  return { path, message: `not supported yet; remove it or keep this ${kind} with its present controller` };
}

/** Empty values ask for nothing. */
function isSet(value: unknown): boolean {
  if (value === undefined || value === false || value === "") return false;
  return !Array.isArray(value) || value.length > 0;
}
