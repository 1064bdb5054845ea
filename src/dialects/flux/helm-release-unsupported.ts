import type { Problem } from "#core/result.ts";
import type { HelmReleaseSpec } from "./helm-release-schema.ts";

const keep = "keep this HelmRelease with its present controller";

/** Fields of a HelmRelease that would change what is released and are not implemented; deleting one asks for none. */
export function unsupportedInHelmRelease(spec: HelmReleaseSpec, deleting: boolean): readonly Problem[] {
  if (deleting) return [];
  const problems: Problem[] = [];
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
