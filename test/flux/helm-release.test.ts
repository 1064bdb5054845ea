import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { ChartServer } from "../support/chart-server.ts";
import { eventually } from "../support/eventually.ts";
import { conditionOf, dataOf, type FluxStatus, type Space, useFluxWorld } from "./flux-world.ts";

const HELM = "helm.toolkit.fluxcd.io/v2";
const world = useFluxWorld();
let server: ChartServer;

beforeAll(async () => {
  server = await new ChartServer().start();
  server.publish("web", "1.0.0", { files: web });
  server.publish("web", "1.1.0", { files: { ...web, "templates/more.yaml": configMap("more") } });
});
afterAll(() => server.stop());

const configMap = (name: string, color = "{{ .Values.color }}") =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "{{ .Release.Name }}-${name}"}\ndata: {color: "${color}"}\n`;

const web = {
  "values.yaml": "color: blue\n",
  "templates/a.yaml": configMap("a"),
  "templates/NOTES.txt": "The color is {{ .Values.color }}.",
};

/** Of a HelmRelease's status, what these tests read. */
interface ReleaseStatus extends FluxStatus {
  readonly history?: readonly { readonly version: number; readonly status: string; readonly chartVersion: string }[];
  readonly failures?: number;
}

const releaseRef = (space: Space) => space.at(HELM, "HelmRelease", space.name);

async function helmRelease(space: Space, spec: object = {}): Promise<void> {
  const metadata = { name: space.name, namespace: space.name };
  const sourceRef = { kind: "HelmRepository", name: space.name };
  await world().apply({
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: "HelmRepository",
    metadata,
    spec: { interval: "10m", url: server.url },
  });
  await world().apply({
    apiVersion: HELM,
    kind: "HelmRelease",
    metadata,
    spec: {
      interval: "10m",
      timeout: "20s",
      chart: { spec: { chart: "web", version: "1.0.0", sourceRef } },
      ...spec,
    },
  });
}

/** Waits until a HelmRelease's status passes, and is of the present generation. */
async function released(space: Space, passes: (status: ReleaseStatus) => boolean): Promise<ReleaseStatus> {
  let last: Resource | null = null;
  const probe = async () => {
    last = await world().get(releaseRef(space));
    const status = (last?.["status"] ?? {}) as ReleaseStatus;
    return passes(status) && status;
  };
  return await eventually(`${space.name} is released`, probe, 20_000).catch((error: unknown) => {
    throw new Error(`${space.name} is not released: ${JSON.stringify(last?.["status"])}`, { cause: error });
  });
}

const isReady = (status: FluxStatus) => conditionOf(status, "Ready")?.status === "True";
const isAt = (version: number) => (status: ReleaseStatus) =>
  isReady(status) && status.history?.[0]?.version === version;

describe.concurrent("HelmRelease", () => {
  test("a chart is installed, upgraded with other values and another version, and removed", async () => {
    const space = await world().space("helm-life");
    await helmRelease(space);
    const first = await released(space, isAt(1));
    expect(conditionOf(first, "Released")?.message).toBe(
      "Helm install succeeded for release helm-life/helm-life.v1 with chart web@1.0.0",
    );
    const made = await world().get(space.configMap("helm-life-a"));
    expect(dataOf(made)).toEqual({ color: "blue" });
    expect(made?.metadata).toMatchObject({
      labels: { "app.kubernetes.io/managed-by": "Helm", "helm.toolkit.fluxcd.io/name": "helm-life" },
      annotations: { "meta.helm.sh/release-name": "helm-life", "meta.helm.sh/release-namespace": "helm-life" },
    });
    await helmRelease(space, { values: { color: "red" } });
    await released(space, isAt(2));
    await space.holds("helm-life-a", { color: "red" });
    const sourceRef = { kind: "HelmRepository", name: space.name };
    const chart = { spec: { chart: "web", version: "1.1.0", sourceRef } };
    await helmRelease(space, { values: { color: "red" }, chart });
    const last = await released(space, isAt(3));
    expect(last.history?.map(({ version, status, chartVersion }) => [version, status, chartVersion])).toEqual([
      [3, "deployed", "1.1.0"],
      [2, "superseded", "1.0.0"],
    ]);
    await space.holds("helm-life-more", { color: "red" });
    await world().delete(releaseRef(space));
    await space.gone(releaseRef(space));
    await space.gone(space.configMap("helm-life-a"));
    await space.gone(space.configMap("helm-life-more"));
  });
});
