import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import type { Resource } from "#core/resource/resource.ts";

/** How the benchmark writes and reads one dialect's objects. */
export interface BenchDialect {
  readonly name: string;
  readonly namespace: string;
  readonly kind: { readonly group: string; readonly kind: string };
  /** Objects that must exist besides the apps. */
  common(url: string): Resource[];
  app(index: number, url: string): Resource;
  /** Makes the engine look at the repository now, as a webhook would. */
  poke(client: ConnectedCluster, signal: AbortSignal): Promise<void>;
  /** Whether an app reports success at a commit. */
  isSettled(object: Resource, commit: string): boolean;
}

/** Kustomizations of one GitRepository. */
export const flux: BenchDialect = {
  name: "flux",
  namespace: "bench-flux",
  kind: { group: "kustomize.toolkit.fluxcd.io", kind: "Kustomization" },
  common: (url) => [
    {
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "GitRepository",
      metadata: { name: "bench", namespace: "flux-system" },
      spec: { url, interval: "1m", ref: { branch: "main" } },
    },
  ],
  app: (index) => ({
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata: { name: `a${index}`, namespace: "flux-system" },
    spec: {
      interval: "1m",
      prune: true,
      wait: true,
      path: `./apps/a${index}`,
      targetNamespace: "bench-flux",
      sourceRef: { kind: "GitRepository", name: "bench" },
    },
  }),
  poke: async (client, signal) => {
    const ref = {
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "GitRepository",
      namespace: "flux-system",
      name: "bench",
    };
    const annotations = { "reconcile.fluxcd.io/requestedAt": `${Date.now()}` };
    await client.patch(ref, { metadata: { annotations } }, { type: "merge", manager: "bench", signal });
  },
  isSettled: (object, commit) => {
    const status = object["status"] as
      { lastAppliedRevision?: string; conditions?: { type: string; status: string }[] } | undefined;
    const ready = status?.conditions?.some((one) => one.type === "Ready" && one.status === "True");
    return ready === true && (status?.lastAppliedRevision ?? "").endsWith(commit);
  },
};

/** Applications that read the same repository. */
export const argocd: BenchDialect = {
  name: "argocd",
  namespace: "bench-argocd",
  kind: { group: "argoproj.io", kind: "Application" },
  common: () => [],
  app: (index, url) => ({
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name: `a${index}`, namespace: "argocd" },
    spec: {
      project: "default",
      source: { repoURL: url, path: `apps/a${index}`, targetRevision: "main" },
      destination: { server: "https://kubernetes.default.svc", namespace: "bench-argocd" },
      syncPolicy: { automated: { prune: true, selfHeal: true } },
    },
  }),
  poke: async (client, signal) => {
    const ref = { apiVersion: "argoproj.io/v1alpha1", kind: "Application", namespace: "argocd", name: "a0" };
    const annotations = { "argocd.argoproj.io/refresh": "normal" };
    await client.patch(ref, { metadata: { annotations } }, { type: "merge", manager: "bench", signal });
  },
  isSettled: (object, commit) => {
    const status = object["status"] as
      { sync?: { status?: string; revision?: string }; health?: { status?: string } } | undefined;
    return status?.sync?.status === "Synced" && status.sync.revision === commit && status.health?.status === "Healthy";
  },
};
