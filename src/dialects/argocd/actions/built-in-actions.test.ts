import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { mergePatch } from "#core/diff/merge-patch.ts";
import { builtInActions } from "./built-in-actions.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const TIME = "2026-01-02T03:04:05Z";

function objectOf(key: string, fields: object): Resource {
  const [group, kind] = [key.slice(0, key.lastIndexOf("/")), key.slice(key.lastIndexOf("/") + 1)];
  const { metadata = {}, ...rest } = fields as { metadata?: object };
  const own = { name: "x", namespace: "ns", uid: "u", ...metadata };
  return { apiVersion: `${group}/v1`, kind, metadata: own, spec: {}, ...rest };
}

/** `name` of those that mean something, `-name` of those that do not; what is not listed is not there. */
function listed(key: string, fields: object): string {
  const object = objectOf(key, fields);
  const actions = (builtInActions[key] ?? []).filter((action) => action.isListed(object));
  return actions.map((action) => (action.isDisabled(object) ? `-${action.name}` : action.name)).join(" ");
}

function done(key: string, name: string, fields: object, params: Record<string, string> = {}): unknown {
  const object = objectOf(key, fields);
  const action = builtInActions[key]?.find((one) => one.name === name);
  const made = action?.run(object, { params, now: NOW });
  if (!made?.ok) return made?.error;
  const [change] = made.value;
  return change?.operation === "create" ? change.object : mergePatch(object, change?.object);
}

describe("actions of kinds", () => {
  const lists: readonly (readonly [key: string, fields: object, want: string])[] = [
    ["apps/Deployment", {}, "restart pause -resume scale"],
    ["apps/Deployment", { spec: { paused: true } }, "restart -pause resume scale"],
    ["batch/CronJob", {}, "create-job suspend"],
    ["batch/CronJob", { spec: { suspend: true } }, "create-job resume"],
    ["batch/Job", { status: { active: 1 } }, "suspend terminate"],
    ["batch/Job", { status: { conditions: [{ type: "Complete", status: "True" }] } }, ""],
    ["argoproj.io/Rollout", {}, "restart -resume -abort -retry -pause -promote-full -skip-current-step"],
    [
      "argoproj.io/Rollout",
      {
        spec: { strategy: { canary: { steps: [{}, {}] } } },
        status: { currentPodHash: "b", stableRS: "a", currentStepIndex: 1, pauseConditions: [{}] },
      },
      "restart resume abort -retry pause promote-full skip-current-step",
    ],
    [
      "argoproj.io/Rollout",
      { status: { currentPodHash: "b", stableRS: "a", abort: true } },
      "restart -resume -abort retry -pause promote-full -skip-current-step",
    ],
    ["argoproj.io/Workflow", { status: { phase: "Running" } }, "suspend -resume stop terminate"],
    ["argoproj.io/Workflow", { status: { phase: "Succeeded" } }, "-suspend -resume -stop -terminate"],
    ["argoproj.io/AnalysisRun", { status: { phase: "Running" } }, "terminate"],
    ["argoproj.io/AnalysisRun", { status: { phase: "Failed" } }, "-terminate"],
    ["external-secrets.io/ExternalSecret", { spec: { refreshInterval: "1h" } }, "refresh"],
    ["external-secrets.io/ExternalSecret", { spec: { refreshInterval: "0s" } }, "-refresh"],
    ["source.toolkit.fluxcd.io/GitRepository", {}, "reconcile suspend -resume"],
    ["source.toolkit.fluxcd.io/GitRepository", { spec: { suspend: true } }, "-reconcile -suspend resume"],
    ["keda.sh/ScaledObject", {}, "pause -resume paused-replicas"],
    [
      "keda.sh/ScaledObject",
      { metadata: { annotations: { "autoscaling.keda.sh/paused": "true" } } },
      "-pause resume -paused-replicas",
    ],
    ["postgresql.cnpg.io/Cluster", {}, "restart reload -promote suspend hibernate"],
  ];
  for (const [key, fields, want] of lists) {
    test(`${key} with ${JSON.stringify(fields)} has ${want || "none"}`, () => expect(listed(key, fields)).toBe(want));
  }

  const restarted = {
    spec: { template: { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": TIME } } } },
  };
  type Done = readonly [key: string, name: string, fields: object, params: Record<string, string>, want: unknown];
  const runs: readonly Done[] = [
    ["apps/StatefulSet", "restart", {}, {}, restarted],
    ["apps/Deployment", "scale", {}, { replicas: "3" }, { spec: { replicas: 3 } }],
    ["apps/Deployment", "scale", {}, { replicas: "-1" }, 'replicas must be a whole number, not "-1"'],
    ["apps/Deployment", "resume", { spec: { paused: true } }, {}, { spec: { paused: null } }],
    ["autoscaling/HorizontalPodAutoscaler", "scale", {}, { maxReplicas: "9" }, { spec: { maxReplicas: 9 } }],
    ["autoscaling/HorizontalPodAutoscaler", "scale", {}, {}, "name minReplicas, maxReplicas or both"],
    ["argoproj.io/Rollout", "retry", { status: { abort: true } }, {}, { status: { abort: null } }],
    [
      "argoproj.io/Rollout",
      "resume",
      { spec: { paused: true }, status: { pauseConditions: [{}] } },
      {},
      { spec: { paused: false }, status: { pauseConditions: null } },
    ],
    [
      "argoproj.io/Rollout",
      "skip-current-step",
      { status: { currentStepIndex: 1 } },
      {},
      { status: { currentStepIndex: 2 } },
    ],
    ["argoproj.io/Workflow", "stop", {}, {}, { spec: { shutdown: "Stop" } }],
    [
      "argoproj.io/Application",
      "toggle-auto-sync",
      { spec: { syncPolicy: { automated: { prune: true } } } },
      {},
      { spec: { syncPolicy: { automated: { enabled: false } } } },
    ],
    [
      "cert-manager.io/Certificate",
      "renew",
      { status: { conditions: [{ type: "Ready", status: "True" }] } },
      {},
      {
        status: {
          conditions: [
            { type: "Ready", status: "True" },
            {
              type: "Issuing",
              reason: "ManuallyTriggered",
              message: "Re-issuance was asked for",
              status: "True",
              lastTransitionTime: TIME,
            },
          ],
        },
      },
    ],
    [
      "kustomize.toolkit.fluxcd.io/Kustomization",
      "reconcile",
      {},
      {},
      { metadata: { annotations: { "reconcile.fluxcd.io/requestedAt": TIME } } },
    ],
    ["keda.sh/ScaledObject", "paused-replicas", {}, { replicas: "x" }, 'replicas must be a whole number, not "x"'],
  ];
  for (const [key, name, fields, params, want] of runs) {
    test(`${name} of ${key} with ${JSON.stringify([fields, params])}`, () => {
      expect(done(key, name, fields, params)).toEqual(want);
    });
  }

  test("a database is handed to the next healthy instance, or to the one that is named", () => {
    const status = { currentPrimary: "x-2", instancesStatus: { healthy: ["x-1", "x-2"] } };
    const promoted = (params: Record<string, string>) =>
      done("postgresql.cnpg.io/Cluster", "promote", { status }, params);
    expect(promoted({})).toMatchObject({ status: { targetPrimary: "x-1", targetPrimaryTimestamp: TIME } });
    expect(promoted({ instance: "2" })).toMatchObject({ status: { targetPrimary: "x-2" } });
    expect(promoted({ instance: "x-3" })).toBe('no healthy instance is "x-3"');
  });

  test("a CronJob makes the Job that its schedule would make", () => {
    const jobTemplate = { metadata: { labels: { a: "b" } }, spec: { template: {} } };
    expect(done("batch/CronJob", "create-job", { spec: { jobTemplate } })).toEqual({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: {
        name: "x-2601020304",
        namespace: "ns",
        labels: { a: "b" },
        annotations: { "cronjob.kubernetes.io/instantiate": "manual" },
        ownerReferences: [
          { apiVersion: "batch/v1", kind: "CronJob", name: "x", uid: "u", blockOwnerDeletion: true, controller: true },
        ],
      },
      spec: { template: {} },
    });
  });

  test("schedules and templates make Workflows that know them", () => {
    const spec = { workflowSpec: { entrypoint: "a" }, workflowMetadata: { labels: { l: "1" }, finalizers: ["f"] } };
    expect(done("argoproj.io/CronWorkflow", "create-workflow", { spec })).toMatchObject({
      metadata: {
        name: "x-202601020304",
        labels: { l: "1", "workflows.argoproj.io/cron-workflow": "x" },
        finalizers: ["f"],
      },
      spec: { entrypoint: "a" },
    });
    expect(done("argoproj.io/WorkflowTemplate", "create-workflow", {})).toMatchObject({
      metadata: { ownerReferences: [{ kind: "WorkflowTemplate", name: "x", uid: "u" }] },
      spec: { workflowTemplateRef: { name: "x" } },
    });
  });
});
