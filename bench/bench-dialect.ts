import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { GitServer } from "../test/support/git-server.ts";
import { overlayFiles, repositoryFiles } from "./workload.ts";

/** Where a benchmark publishes and writes. */
export interface BenchWorld {
  readonly client: ConnectedCluster;
  readonly git: GitServer;
  readonly apps: number;
  readonly signal: AbortSignal;
}

/** How the benchmark writes and reads one dialect's objects. */
export interface BenchDialect {
  readonly name: string;
  readonly namespace: string;
  readonly kind: { readonly group: string; readonly kind: string };
  /** Publishes what the apps are made of; returns the revision that they shall report. */
  publish(world: BenchWorld): Promise<string>;
  /** Objects that must exist besides the apps. */
  common(world: BenchWorld): Resource[];
  /** The objects of one app. */
  app(index: number, world: BenchWorld): Resource[];
  /** Changes one app's ConfigMap and makes the engine look, as a webhook would; returns the new revision. */
  change(world: BenchWorld, change: { readonly app: number; readonly level: string }): Promise<string>;
  /** Whether an app reports success at a revision. */
  isSettled(object: Resource, revision: string): boolean;
  /** Ends what publishing began. */
  stop?(): Promise<void>;
}

const publishFiles = ({ git, apps }: BenchWorld) => git.commit("bench", repositoryFiles(apps));

/** The Kustomization of one app. */
export function kustomization(index: number, own: object): Resource {
  return {
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata: { name: `a${index}`, namespace: "flux-system" },
    spec: { interval: "1m", prune: true, wait: true, ...own },
  };
}

/** Kustomizations of one GitRepository. */
export const flux: BenchDialect = {
  name: "flux",
  namespace: "bench-flux",
  kind: { group: "kustomize.toolkit.fluxcd.io", kind: "Kustomization" },
  publish: publishFiles,
  common: ({ git }) => [
    {
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "GitRepository",
      metadata: { name: "bench", namespace: "flux-system" },
      spec: { url: git.url("bench"), interval: "1m", ref: { branch: "main" } },
    },
  ],
  app: (index) => {
    const sourceRef = { kind: "GitRepository", name: "bench" };
    return [kustomization(index, { path: `./apps/a${index}`, targetNamespace: "bench-flux", sourceRef })];
  },
  change: async ({ client, git, signal }, { app, level }) => {
    const commit = await git.commit("bench", overlayFiles(app, level));
    const ref = {
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "GitRepository",
      namespace: "flux-system",
      name: "bench",
    };
    const annotations = { "reconcile.fluxcd.io/requestedAt": `${Date.now()}` };
    await client.patch(ref, { metadata: { annotations } }, { type: "merge", manager: "bench", signal });
    return commit;
  },
  isSettled: (object, commit) => {
    const status = object["status"] as
      { lastAppliedRevision?: string; conditions?: { type: string; status: string }[] } | undefined;
    const ready = status?.conditions?.some((one) => one.type === "Ready" && one.status === "True");
    return ready === true && (status?.lastAppliedRevision ?? "").endsWith(commit);
  },
};

const applicationKind = { group: "argoproj.io", kind: "Application" };

/** The spec of an Application of one folder. */
function applicationSpec({ git }: BenchWorld, path: string, namespace: string): object {
  return {
    project: "default",
    source: { repoURL: git.url("bench"), path, targetRevision: "main" },
    destination: { server: "https://kubernetes.default.svc", namespace },
    syncPolicy: { automated: { prune: true, selfHeal: true } },
  };
}

/** Applications that read the same repository. */
/** Applications that read the same repository. */
export const argocd: BenchDialect = {
  name: "argocd",
  namespace: "bench-argocd",
  kind: applicationKind,
  publish: publishFiles,
  common: () => [],
  app: (index, world) => [
    {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "Application",
      metadata: { name: `a${index}`, namespace: "argocd" },
      spec: applicationSpec(world, `apps/a${index}`, "bench-argocd"),
    },
  ],
  change: async ({ client, git, signal }, { app, level }) => {
    const commit = await git.commit("bench", overlayFiles(app, level));
    const ref = { apiVersion: "argoproj.io/v1alpha1", kind: "Application", namespace: "argocd", name: "a0" };
    const annotations = { "argocd.argoproj.io/refresh": "normal" };
    await client.patch(ref, { metadata: { annotations } }, { type: "merge", manager: "bench", signal });
    return commit;
  },
  isSettled: (object, commit) => {
    const status = object["status"] as
      { sync?: { status?: string; revision?: string }; health?: { status?: string } } | undefined;
    return status?.sync?.status === "Synced" && status.sync.revision === commit && status.health?.status === "Healthy";
  },
};

/** The same Applications, made by an ApplicationSet of the repository's folders. */
export const appset: BenchDialect = {
  ...argocd,
  name: "appset",
  namespace: "bench-appset",
  common: (world) => [
    {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "ApplicationSet",
      metadata: { name: "bench", namespace: "argocd" },
      spec: {
        goTemplate: true,
        generators: [{ git: { repoURL: world.git.url("bench"), revision: "main", directories: [{ path: "apps/*" }] } }],
        template: {
          metadata: { name: "{{ .path.basename }}" },
          spec: applicationSpec(world, "{{ .path.path }}", "bench-appset"),
        },
      },
    },
  ],
  app: () => [],
};
