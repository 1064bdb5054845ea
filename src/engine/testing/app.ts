import type { App } from "#core/app/app.ts";
import { appKey } from "#core/app/app.ts";
import type { ObjectOptions, Rules } from "#core/app/rules.ts";
import { idText } from "#core/resource/resource-id.ts";
import { labelsOf } from "#core/resource/resource.ts";
import type { SourceKey } from "#core/source/source.ts";

/** Options of an object that asks for nothing special. */
export const plainOptions: ObjectOptions = {
  apply: "apply",
  prune: true,
  deleteWithApp: true,
  force: false,
  replace: false,
  counted: true,
  ignoredPaths: [],
  leaveIgnored: false,
};

/** Rules of a dialect that does nothing special. */
export const plainRules: Rules = {
  manager: "us",
  statusManager: "us-status",
  sourceManager: "us-sources",
  eventSource: "us",
  statusSubresource: true,
  takeOver: [],
  migrate: [],
  selector: "owned-by=us",
  ownLabel: null,
  mark: (resource, app) => ({
    ...resource,
    metadata: { ...resource.metadata, labels: { ...resource.metadata.labels, "owned-by": "us", app: app.object.name } },
  }),
  ownerOf: (live) => {
    const name = live.metadata.labels?.["app"];
    return name === undefined ? null : `app/apps/${name}`;
  },
  duplicates: "refuse",
  repeatedText: (id, times) => `${idText(id)} is declared ${times} times`,
  sharedText: (id, [own, ...others]) => `${idText(id)} is part of ${own} and ${others.join(", ")}`,
  preflight: "plan",
  stageOf: () => ({ phase: 0, wave: 0, rank: 0 }),
  gateAfter: () => "none",
  rankOf: () => 0,
  optionsOf: () => plainOptions,
  health: { first: [], kinds: {}, otherwise: () => null },
  healthWords: {
    Healthy: "Healthy",
    Suspended: "Suspended",
    Progressing: "Progressing",
    Missing: "Missing",
    Degraded: "Degraded",
    Unknown: "Unknown",
  },
  unpruned: "forget",
  survivors: [],
  rival: {
    name: "rival",
    workloadSelector: "part-of=rival",
    workloadNames: ["rival-controller"],
    leases: [],
    keepsOff: (object) => labelsOf(object)["rival"] !== "on",
  },
};

/** An app named `app/apps/<name>` of one source, with the given parts changed. */
export function plainApp(name: string, changes: Partial<App> = {}): App {
  return {
    key: appKey("app", "apps", name),
    dialect: "plain",
    object: { apiVersion: "plain.test/v1", kind: "App", namespace: "apps", name, uid: `uid-${name}`, generation: 1 },
    deleting: false,
    finalizer: { name: "plain.test/cleanup", present: false, ensure: true },
    sources: [
      {
        source: "Repo/apps/main" as SourceKey,
        inline: null,
        path: "",
        render: { kind: "directory", recurse: true, include: "", exclude: "" },
      },
    ],
    references: [],
    target: { cluster: "in-cluster", kubeconfig: null, namespace: null, impersonate: null },
    policy: {
      mode: "auto",
      prune: true,
      selfHeal: true,
      allowEmpty: false,
      force: false,
      createNamespace: false,
      keepGoing: false,
      wait: "none",
      timeoutMs: 60_000,
      intervalMs: 600_000,
      retry: { limit: -1, baseMs: 1_000, factor: 2, maxMs: 60_000 },
      onDelete: "prune",
      propagation: "Background",
    },
    dependsOn: [],
    release: null,
    declares: null,
    healthExpressions: [],
    suspended: false,
    refreshToken: null,
    request: null,
    termination: null,
    specDigest: "spec",
    ...changes,
  };
}
