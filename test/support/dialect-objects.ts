import type { Resource } from "#core/resource/resource.ts";

/** What a journey needs to know of a dialect: how to declare an app and how to read its report. */
export interface JourneyDialect {
  readonly name: string;
  /** Key of the app, as people address it. */
  readonly key: string;
  readonly app: { apiVersion: string; kind: string; namespace: string; name: string };
  objects(input: { url: string; path: string; namespace: string; spec?: Record<string, unknown> }): Resource[];
  /** Whether the app reports success at a commit. */
  isDone(object: Resource | null, commit: string): boolean;
  /** Every message that the status shows people. */
  messages(object: Resource | null): string;
}

/** A GitRepository with a Kustomization. */
export function fluxApp(name: string): JourneyDialect {
  const app = { apiVersion: "kustomize.toolkit.fluxcd.io/v1", kind: "Kustomization", namespace: "flux-system", name };
  return {
    name: "flux",
    key: `ks/flux-system/${name}`,
    app,
    objects: ({ url, path, namespace, spec }) => [
      {
        apiVersion: "source.toolkit.fluxcd.io/v1",
        kind: "GitRepository",
        metadata: { name, namespace: "flux-system" },
        spec: { url, interval: "1s", ref: { branch: "main" } },
      },
      {
        apiVersion: app.apiVersion,
        kind: app.kind,
        metadata: { name, namespace: "flux-system" },
        spec: {
          interval: "10m",
          retryInterval: "2s",
          prune: true,
          path,
          targetNamespace: namespace,
          sourceRef: { kind: "GitRepository", name },
          ...spec,
        },
      },
    ],
    isDone: (object, commit) => {
      const status = statusOf(object) as { lastAppliedRevision?: string; conditions?: Condition[] };
      return (
        (status.lastAppliedRevision ?? "").endsWith(commit) &&
        (status.conditions ?? []).some((one) => one.type === "Ready" && one.status === "True")
      );
    },
    messages: conditionMessages,
  };
}

/** An Application of its own. */
export function argoApp(name: string): JourneyDialect {
  const app = { apiVersion: "argoproj.io/v1alpha1", kind: "Application", namespace: "argocd", name };
  return {
    name: "argocd",
    key: `app/argocd/${name}`,
    app,
    objects: ({ url, path, namespace, spec }) => [
      {
        apiVersion: app.apiVersion,
        kind: app.kind,
        metadata: { name, namespace: "argocd", finalizers: ["resources-finalizer.argocd.argoproj.io"] },
        spec: {
          project: "default",
          source: { repoURL: url, path, targetRevision: "main" },
          destination: { server: "https://kubernetes.default.svc", namespace },
          syncPolicy: { automated: { prune: true, selfHeal: true } },
          ...spec,
        },
      },
    ],
    isDone: (object, commit) => {
      const status = statusOf(object) as {
        sync?: { status?: string; revision?: string };
        health?: { status?: string };
      };
      return status.sync?.status === "Synced" && status.sync.revision === commit && status.health?.status === "Healthy";
    },
    messages: (object) => {
      const status = statusOf(object) as { operationState?: { message?: string } };
      return `${conditionMessages(object)}\n${status.operationState?.message ?? ""}`;
    },
  };
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly message?: string;
}

function statusOf(object: Resource | null): object {
  return (object?.["status"] as object | undefined) ?? {};
}

function conditionMessages(object: Resource | null): string {
  const { conditions = [] } = statusOf(object) as { conditions?: Condition[] };
  return conditions.map((one) => `${one.type}: ${one.message ?? ""}`).join("\n");
}
