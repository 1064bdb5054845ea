import type { Problem } from "#core/result.ts";
import type { GitRepositorySpec } from "./git-repository-schema.ts";
import type { HelmRepositorySpec } from "./helm-repository-schema.ts";

/** A service account of a GitRepository that no cloud is asked as, and that has no other use. */
export function unsupportedInGitRepository({ serviceAccountName, provider }: GitRepositorySpec): readonly Problem[] {
  if (!isSet(serviceAccountName) || provider === "aws" || provider === "azure") return [];
  return [{ path: "spec.serviceAccountName", message: "can only be set when provider is 'azure' or 'aws'" }];
}

/** Fields of a HelmRepository that would change what is fetched, or who may use it, and are not implemented. */
export function unsupportedInHelmRepository(spec: HelmRepositorySpec): readonly Problem[] {
  return isSet(spec.accessFrom) ? [notSupported("spec.accessFrom", "HelmRepository")] : [];
}

function notSupported(path: string, kind: string): Problem {
  return { path, message: `not supported yet; remove it or keep this ${kind} with its present controller` };
}

/** Empty values ask for nothing. */
function isSet(value: unknown): boolean {
  if (value === undefined || value === false || value === "") return false;
  return !Array.isArray(value) || value.length > 0;
}
