import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chartArchive } from "../support/chart-server.ts";
import { type OciRegistry, startOciRegistry } from "../support/oci-registry.ts";
import { conditionOf, type FluxStatus, useFluxWorld } from "./flux-world.ts";
import { configTemplate, HelmSpace } from "./helm-space.ts";

const SOURCE = "source.toolkit.fluxcd.io/v1";
const HELM = "helm.toolkit.fluxcd.io/v2";
const chartType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const world = useFluxWorld();
let registry: OciRegistry;

beforeAll(async () => {
  registry = await startOciRegistry();
});
afterAll(() => registry?.stop());

function push(name: string, tag: string, color: string): Promise<string> {
  const files = { "values.yaml": `color: ${color}\n`, "templates/a.yaml": configTemplate("a") };
  const layers = [{ mediaType: chartType, content: chartArchive("web", "1.0.0", files) }];
  return registry.push(name, tag, { layers });
}

/** A HelmRelease of the chart that an OCIRepository holds. */
async function release(name: string, ref: object, layerSelector?: object): Promise<HelmSpace> {
  const space = await world().space(name);
  const metadata = { name, namespace: name };
  const source = {
    interval: "1s",
    insecure: true,
    url: registry.url(name),
    ref,
    ...(layerSelector && { layerSelector }),
  };
  await world().apply({ apiVersion: SOURCE, kind: "OCIRepository", metadata, spec: source });
  const spec = { interval: "10m", chartRef: { kind: "OCIRepository", name } };
  await world().apply({ apiVersion: HELM, kind: "HelmRelease", metadata, spec });
  return new HelmSpace(world(), space, "");
}

const copied = { mediaType: chartType, operation: "copy" };

describe.concurrent("a HelmRelease of an artifact in a registry", () => {
  test("names the artifact in the chart's version, and a tag that moves is an upgrade", async () => {
    const first = await push("oci-moves", "1.0.0", "blue");
    const helm = await release("oci-moves", { tag: "1.0.0" }, copied);
    const status = await helm.ready(1);
    const version = (digest: string) => `1.0.0+${digest.slice("sha256:".length, "sha256:".length + 12)}`;
    expect(conditionOf(status, "Released")?.message).toBe(
      `Helm install succeeded for release oci-moves/oci-moves.v1 with chart web@${version(first)}`,
    );
    expect(status.history?.[0]).toMatchObject({ chartVersion: version(first), ociDigest: first });
    const second = await push("oci-moves", "1.0.0", "green");
    const next = await helm.ready(2);
    expect(next.history?.map(({ chartVersion }) => chartVersion)).toEqual([version(second), version(first)]);
    expect((next as FluxStatus & { lastAttemptedRevisionDigest?: string }).lastAttemptedRevisionDigest).toBe(second);
    await helm.space.holds("oci-moves-a", { color: "green" });
  });

  test("works with an artifact that is unpacked, too", async () => {
    await push("oci-unpacked", "1.0.0", "blue");
    const helm = await release("oci-unpacked", { semver: "1.x" });
    await helm.ready(1);
    await helm.space.holds("oci-unpacked-a", { color: "blue" });
  });

  test("says that the artifact's tag is of another version", async () => {
    await push("oci-wrong", "2.0.0", "blue");
    const helm = await release("oci-wrong", { tag: "2.0.0" }, copied);
    const status = await helm.status("refused", (one) => conditionOf(one, "Ready")?.status === "False");
    expect(conditionOf(status, "Ready")?.message).toContain(`"2.0.0" does not match the chart's version "1.0.0"`);
  });
});
