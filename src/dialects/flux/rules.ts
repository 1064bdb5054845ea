import { appKey } from "#core/app/app.ts";
import type { App } from "#core/app/app.ts";
import type { Rules } from "#core/app/rules.ts";
import { fieldAt } from "#core/health/condition.ts";
import { idText } from "#core/resource/resource-id.ts";
import { type Resource, labelsOf, withMetadata } from "#core/resource/resource.ts";
import { gateAfter, kindRank, stageOf } from "./apply-order.ts";
import { healthTable } from "./health.ts";
import { group, optionsOf } from "./object-options.ts";

const nameLabel = `${group}/name`;
const namespaceLabel = `${group}/namespace`;

/** How upstream's kustomize-controller behaves, as data: kustomize-controller@186fb3b, fluxcd/pkg@e2cfd1a. */
export const rules: Rules = {
  manager: "kustomize-controller",
  statusManager: "gotk-kustomize-controller",
  sourceManager: "source-controller",
  eventSource: "kustomize-controller",
  statusSubresource: true,
  takeOver: ["kubectl*", "before-first-apply"],
  migrate: [
    { manager: "kubectl*", operation: "Apply" },
    { manager: "kubectl*", operation: "Update" },
    { manager: "before-first-apply", operation: "Update" },
    // What the controller wrote before it used server-side apply.
    { manager: "kustomize-controller", operation: "Update" },
  ],
  selector: nameLabel,
  ownLabel: null,
  mark,
  ownerOf,
  duplicates: "refuse",
  repeatedText: (id, times) => `${idText(id)} is declared ${times} times`,
  sharedText: (id, [own, ...others]) => `${idText(id)} is part of ${own} and ${others.join(", ")}`,
  preflight: "stage",
  stageOf,
  gateAfter,
  rankOf: (resource) => kindRank(resource.kind),
  optionsOf,
  health: healthTable,
  healthWords: {
    Healthy: "Current",
    Suspended: "Current",
    Progressing: "InProgress",
    Missing: "NotFound",
    Degraded: "Failed",
    Unknown: "Unknown",
  },
  unpruned: "forget",
  survivors: [],
  rival: {
    name: "Flux",
    workloadSelector: "app.kubernetes.io/part-of=flux",
    workloadNames: ["kustomize-controller", "source-controller", "source-watcher"],
    leases: [
      "kustomize-controller-leader-election",
      "source-controller-leader-election",
      "source-watcher-leader-election",
    ],
    keepsOff: (object) => fieldAt(object, ["spec", "suspend"]) === true,
  },
};

function mark(resource: Resource, app: App): Resource {
  return withMetadata(resource, { labels: { [nameLabel]: app.object.name, [namespaceLabel]: app.object.namespace } });
}

function ownerOf(live: Resource): string | null {
  const labels = labelsOf(live);
  const name = labels[nameLabel];
  const namespace = labels[namespaceLabel];
  return name && namespace ? appKey("ks", namespace, name) : null;
}
