import type { App } from "#core/app/app.ts";
import type { ObjectOptions, Rules } from "#core/app/rules.ts";
import { type Resource, annotationsOf, labelsOf } from "#core/resource/resource.ts";
import { healthTable } from "./health.ts";
import { helmGroup, helmSelector, markReleased, releaseOwnerOf } from "./helm-release-marking.ts";
import { releaseRank } from "./helm-release-order.ts";
import type { HelmReleaseDetails } from "./helm-release-parse.ts";
import { ignoredPathsOf } from "./ignore-rules.ts";
import { rules } from "./rules.ts";

const manager = "helm-controller";
const keepAnnotation = "helm.sh/resource-policy";
const driftKey = `${helmGroup}/driftDetection`;

/** How upstream's helm-controller behaves, as data: helm-controller@v1.6.3. */
export const helmRules: Rules = {
  manager,
  statusManager: manager,
  sourceManager: rules.sourceManager,
  eventSource: manager,
  statusSubresource: true,
  takeOver: [],
  migrate: [
    // What Helm wrote before the release was given to a controller, and what both wrote without server-side apply.
    { manager: "helm", operation: "Apply" },
    { manager: "helm", operation: "Update" },
    { manager, operation: "Update" },
  ],
  selector: helmSelector,
  ownLabel: null,
  mark: markReleased,
  ownerOf: releaseOwnerOf,
  duplicates: "refuse",
  repeatedText: rules.repeatedText,
  sharedText: rules.sharedText,
  preflight: "stage",
  stageOf: () => ({ phase: 0, wave: 0, rank: 0 }),
  gateAfter: () => "none",
  rankOf: ({ kind }) => releaseRank(kind),
  optionsOf,
  health: healthTable,
  healthWords: rules.healthWords,
  unpruned: "forget",
  survivors: [],
  rival: {
    name: rules.rival.name,
    workloadSelector: rules.rival.workloadSelector,
    workloadNames: [manager],
    leases: ["helm-controller-leader-election"],
    keepsOff: rules.rival.keepsOff,
  },
};

function optionsOf(resource: Resource, live: Resource | null, app: App): ObjectOptions {
  const { ignore } = app.details as HelmReleaseDetails;
  const objects = live === null ? [resource] : [resource, live];
  const kept = objects.some((object) => annotationsOf(object)[keepAnnotation]?.trim().toLowerCase() === "keep");
  return {
    apply: "apply",
    prune: !kept,
    deleteWithApp: !kept,
    force: app.policy.force,
    replace: false,
    counted: !objects.some(leavesDrift),
    ignoredPaths: ignoredPathsOf(ignore, resource),
    leaveIgnored: ignore.length > 0,
  };
}

function leavesDrift(object: Resource): boolean {
  return annotationsOf(object)[driftKey] === "disabled" || labelsOf(object)[driftKey] === "disabled";
}
