import type { AppKey } from "#core/app/app.ts";
import type { Rules } from "#core/app/rules.ts";
import { withLastApplied } from "#core/diff/last-applied.ts";
import { annotationsOf } from "#core/resource/resource.ts";
import { healthTable } from "./health-table.ts";
import { confirmText } from "./confirmation.ts";
import { hookRules } from "./hook.ts";
import { healthScripts } from "./health/health-scripts.ts";
import { kindRank } from "./kind-order.ts";
import { optionsOf } from "./object-options.ts";
import { orphanRules } from "./orphans.ts";
import type { ArgoSettings } from "./settings.ts";
import { gateAfter, stageOf, waveOf } from "./stages.ts";
import { APP_LABEL, markResource, ownerOf } from "./tracking.ts";

/** The manager that writes status, finalizers and annotations of app objects. */
export const STATUS_MANAGER = "argocd-application-controller";

/** The rules of an installation whose control namespace is the given one: tracking ids leave that namespace out. */
export function argoRules(controlNamespace: string, argo: ArgoSettings): Rules {
  const { tracking, scripts } = argo;
  return {
    manager: "argocd-controller",
    statusManager: STATUS_MANAGER,
    sourceManager: STATUS_MANAGER,
    eventSource: STATUS_MANAGER,
    statusSubresource: false,
    takeOver: [],
    migrate: [
      { manager: "argocd-controller", operation: "Update" },
      { manager: "kubectl-client-side-apply", operation: "Update" },
    ],
    overLive: (sent, live) => withLastApplied(sent, live, [APP_LABEL]),
    selector: APP_LABEL,
    ownLabel: APP_LABEL,
    mark: (resource, app) => markResource(resource, app, tracking),
    ownerOf: (live) => ownerOf(live, { controlNamespace, tracking }),
    duplicates: "last-wins",
    repeatedText: ({ group, kind, namespace, name }, times) =>
      `Resource ${group}/${kind}/${namespace}/${name} appeared ${times} times among application resources.`,
    sharedText: ({ kind, name }, apps) =>
      `${kind}/${name} is part of applications ${apps.map(qualifiedName).join(" and ")}`,
    circleText: (apps) =>
      `applications hold each other in a circle and do not count for each other's health: ${[...apps].reverse().map(qualifiedName).join(" -> ")}`,
    preflight: "plan",
    stageOf,
    waveOf,
    confirmText,
    gateAfter,
    rankOf: (resource) => kindRank(resource.kind),
    optionsOf: (resource, live, app) => optionsOf(resource, live, { app, argo }),
    hooks: hookRules,
    orphans: orphanRules(argo.exclusions),
    health: { ...healthTable, scriptOf: healthScripts(scripts) },
    healthWords: {
      Healthy: "Healthy",
      Suspended: "Suspended",
      Progressing: "Progressing",
      Missing: "Missing",
      Degraded: "Degraded",
      Unknown: "Unknown",
    },
    unpruned: "track",
    survivors: ["apiextensions.k8s.io/CustomResourceDefinition"],
    rival: {
      name: "Argo CD",
      workloadSelector: "app.kubernetes.io/part-of=argocd",
      workloadNames: [STATUS_MANAGER, "argocd-applicationset-controller"],
      leases: [],
      keepsOff: (object) => annotationsOf(object)["argocd.argoproj.io/skip-reconcile"] === "true",
    },
  };
}

/** `<namespace>/<name>` of an app; one of another dialect keeps its kind. */
function qualifiedName(key: AppKey): string {
  return key.replace(/^app\//, "");
}
