import type { Resource } from "#core/resource/resource.ts";
import { ChartServer } from "../test/support/chart-server.ts";
import type { BenchDialect } from "./bench-dialect.ts";
import { chartFiles } from "./workload.ts";

const REPOSITORY = { apiVersion: "source.toolkit.fluxcd.io/v1", kind: "HelmRepository" };
const RELEASE = { apiVersion: "helm.toolkit.fluxcd.io/v2", kind: "HelmRelease" };
const NAMESPACE = "bench-helm";
const charts = new ChartServer();

/** HelmReleases of one chart, each with a HelmChart of its own. */
export const helm: BenchDialect = {
  name: "helm",
  namespace: NAMESPACE,
  kind: { group: "helm.toolkit.fluxcd.io", kind: "HelmRelease" },
  publish: async () => {
    await charts.start();
    charts.publish("web", "1.0.0", { files: chartFiles });
    return "1.0.0";
  },
  common: () => [
    { ...REPOSITORY, metadata: { name: "bench", namespace: "flux-system" }, spec: { url: charts.url, interval: "1m" } },
  ],
  app: (index) => [release(index, "info")],
  change: async ({ client, signal }, { app, level }) => {
    changed = `a${app}`;
    await client.apply(release(app, level), { manager: "bench", signal });
    return "1.0.0";
  },
  isSettled: (object, revision) => {
    const status = object["status"] as
      | {
          lastAttemptedRevision?: string;
          history?: { version: number }[];
          conditions?: { type: string; status: string; observedGeneration?: number }[];
        }
      | undefined;
    const ready = status?.conditions?.find(({ type }) => type === "Ready");
    if (object.metadata.name === changed && status?.history?.[0]?.version !== 2) return false;
    const isOfNow = ready?.observedGeneration === object.metadata.generation;
    return isOfNow && ready?.status === "True" && status?.lastAttemptedRevision === revision;
  },
  stop: () => charts.stop(),
};

/** The release that is upgraded after all were installed. */
let changed: string | null = null;

function release(index: number, level: string): Resource {
  return {
    ...RELEASE,
    metadata: { name: `a${index}`, namespace: "flux-system" },
    spec: {
      interval: "1m",
      releaseName: `a${index}`,
      targetNamespace: NAMESPACE,
      storageNamespace: NAMESPACE,
      driftDetection: { mode: "enabled" },
      chart: { spec: { chart: "web", version: "1.0.0", sourceRef: { kind: "HelmRepository", name: "bench" } } },
      values: { level, app: `${index}` },
    },
  };
}
