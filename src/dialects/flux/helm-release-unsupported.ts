import type { Problem } from "#core/result.ts";
import { unsupportedKubeConfig } from "./kube-config.ts";
import type { HelmReleaseSpec } from "./helm-release-schema.ts";

const keep = "keep this HelmRelease with its present controller";

/**
 * Fields of a HelmRelease that would change what is released and are not implemented. Deleting one asks only which
 * cluster its objects are on.
 */
export function unsupportedInHelmRelease(spec: HelmReleaseSpec, deleting: boolean): readonly Problem[] {
  const problems: Problem[] = [...unsupportedKubeConfig(spec.kubeConfig, "HelmRelease")];
  if (deleting) return problems;
  const { install, upgrade, rollback } = spec;
  const clientSide = [
    install?.serverSideApply === false && "install",
    upgrade?.serverSideApply === "disabled" && "upgrade",
    rollback?.serverSideApply === "disabled" && "rollback",
  ];
  for (const action of clientSide) {
    if (action === false) continue;
    const message = `objects are applied on the server always; remove it or ${keep}`;
    problems.push({ path: `spec.${action}.serverSideApply`, message });
  }
  return problems;
}
