import type { App } from "#core/app/app.ts";
import type { Rules } from "#core/app/rules.ts";
import { globMatches } from "#core/policy/glob.ts";
import { idOf } from "#core/resource/resource-id.ts";
import { detailsOf, type OrphanLimits } from "./argo-details.ts";
import type { Destination } from "./destination.ts";
import type { Project } from "./project.ts";
import { judgeKind } from "./project-rules.ts";
import { type ExclusionSettings, isExcluded } from "./settings-exclusions.ts";

/** What every namespace is born with. */
const BORN: readonly string[] = ["/ServiceAccount/default", "/ConfigMap/kube-root-ca.crt"];

/** How a project wants orphans to be told; null: not at all. */
export function orphanLimits(project: Project, { namespace }: Pick<Destination, "namespace">): OrphanLimits | null {
  const { orphanedResources } = project.limits;
  if (!orphanedResources || orphanedResources.warn === false || namespace === "") return null;
  return { namespace, project, ignore: orphanedResources.ignore ?? [] };
}

/** Objects that no application accounts for, where the project asks about them. */
export function orphanRules(exclusions: ExclusionSettings): NonNullable<Rules["orphans"]> {
  return {
    askedBy: (app) => {
      const { orphans, cluster } = detailsOf(app);
      if (!orphans) return null;
      return { namespace: orphans.namespace, follows: (kind) => !isExcluded(exclusions, kind, cluster) };
    },
    isOrphan: (object, app) => isOrphan(idOf(object), app),
    text: (count) => `Application has ${count} orphaned resources`,
  };
}

function isOrphan(id: ReturnType<typeof idOf>, app: App): boolean {
  const { orphans } = detailsOf(app);
  const { group, kind, name, namespace } = id;
  if (!orphans || BORN.includes(`${group}/${kind}/${name}`)) return false;
  if (group === "" && kind === "Service" && namespace === "default" && name === "kubernetes") return false;
  if (!judgeKind(orphans.project, id, { name, namespaced: true }).permitted) return false;
  return !orphans.ignore.some(
    (entry) =>
      globMatches(entry.group ?? "", group) &&
      (!entry.kind || globMatches(entry.kind, kind)) &&
      (!entry.name || globMatches(entry.name, name)),
  );
}
