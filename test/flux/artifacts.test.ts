import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { sourceLimits } from "#adapters/archive/archive-limits.ts";
import { treeOfTarball } from "#adapters/archive/tree-of-tarball.ts";
import { freePort } from "#adapters/cluster/free-port.ts";
import type { ObjectRef } from "#engine/ports.ts";
import { ChartServer } from "../support/chart-server.ts";
import { temporaryDirectory } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";
import { conditionOf, configMap, type FluxStatus, type Space, useFluxWorld } from "./flux-world.ts";

const SOURCE = "source.toolkit.fluxcd.io/v1";
const { signal } = new AbortController();
// The address must be the same after a restart.
const port = await freePort(signal);
const dataDir = await temporaryDirectory();
const artifacts = { host: "127.0.0.1", port, advertised: null };
const world = useFluxWorld({ controller: { dataDir, artifacts } });
const servers: ChartServer[] = [];

afterAll(() => Promise.all(servers.map((server) => server.stop())));

type Artifact = NonNullable<FluxStatus["artifact"]>;

/** Waits until a source is ready and serves a revision that ends in `revision`. */
async function served(space: Space, revision: string, ref: ObjectRef = space.sourceRef()): Promise<Artifact> {
  return await eventually(`${ref.kind} ${ref.name} serves ${revision}`, async () => {
    const status = await space.status(ref);
    const isServed = status.artifact?.revision.endsWith(revision) && status.artifact.size !== undefined;
    return isServed && conditionOf(status, "Ready")?.status === "True" && status.artifact;
  });
}

/** What a consumer that speaks plain HTTP gets, once it has checked it. */
async function fetched({ url, digest, size }: Artifact): Promise<Buffer> {
  const answer = await fetch(url);
  expect([answer.status, answer.headers.get("content-length")]).toEqual([200, String(size)]);
  const bytes = Buffer.from(await answer.arrayBuffer());
  expect(`sha256:${createHash("sha256").update(bytes).digest("hex")}`).toBe(digest);
  return bytes;
}

async function filesOf(bytes: Buffer): Promise<Record<string, string>> {
  const tree = await treeOfTarball([bytes] as unknown as AsyncIterable<Uint8Array>, sourceLimits, signal);
  const paths: string[] = [];
  const walk = (directory: string) => {
    for (const name of tree.children(directory)) {
      const path = directory === "" ? name : `${directory}/${name}`;
      if (tree.entry(path)?.type === "directory") walk(path);
      else paths.push(path);
    }
  };
  walk("");
  return Object.fromEntries([...(await tree.read(paths, signal))].map(([path, bytes]) => [path, String(bytes)]));
}

describe("artifacts", () => {
  test("what a GitRepository has is served as a tar.gz of what no rule hides, and the last two stay", async () => {
    const space = await world().space("served");
    const first = await space.commit({
      "app/a.yaml": configMap("a"),
      "photo.jpg": "hidden",
      ".sourceignore": "*.md\n*.jpg\n",
    });
    const artifact = await served(space, first);
    expect(artifact).toMatchObject({
      revision: `main@sha1:${first}`,
      path: `gitrepository/served/served/${first}.tar.gz`,
      url: `http://127.0.0.1:${port}/gitrepository/served/served/${first}.tar.gz`,
    });
    expect(await filesOf(await fetched(artifact))).toEqual({
      "app/a.yaml": configMap("a"),
      ".sourceignore": "*.md\n*.jpg\n",
    });
    const second = await space.commit({ "app/a.yaml": configMap("a", { value: "2" }) });
    const next = await served(space, second);
    expect((await filesOf(await fetched(next)))["app/a.yaml"]).toBe(configMap("a", { value: "2" }));
    // Whoever read the status a moment ago goes on.
    await fetched(artifact);
    const third = await space.commit({ "app/a.yaml": configMap("a", { value: "3" }) });
    await served(space, third);
    expect((await fetch(artifact.url)).status).toBe(404);
  });

  test("a chart is served as it is packed, and an index as its file", async () => {
    const space = await world().space("served-chart");
    const server = await new ChartServer().start();
    servers.push(server);
    const packed = server.publish("web", "1.0.0");
    const metadata = { name: space.name, namespace: space.name };
    await world().apply({
      apiVersion: SOURCE,
      kind: "HelmRepository",
      metadata,
      spec: { interval: "1h", url: server.url },
    });
    const sourceRef = { kind: "HelmRepository", name: space.name };
    const spec = { chart: "web", interval: "1h", sourceRef };
    await world().apply({ apiVersion: SOURCE, kind: "HelmChart", metadata, spec });
    const chart = await served(space, "1.0.0", space.at(SOURCE, "HelmChart", space.name));
    expect(chart.path).toBe("helmchart/served-chart/served-chart/web-1.0.0.tgz");
    expect((await fetched(chart)).equals(packed)).toBe(true);
    const index = await served(space, "", space.at(SOURCE, "HelmRepository", space.name));
    expect(String(await fetched(index))).toContain("entries:");
    expect(index.revision).toBe(index.digest);
  });

  test("an app does not wait for the file, and a source that cannot be stored says so", async () => {
    const space = await world().space("served-large");
    const commit = await space.commit({ "app/a.yaml": configMap("a"), "large.bin": "x".repeat(11 << 20) });
    await space.kustomization();
    await space.applied(commit);
    const told = await space.says("large.bin", { ref: space.sourceRef(), type: "StorageOperationFailed" });
    expect(told).toMatchObject({ status: "True", reason: "ArchiveOperationFailed" });
    expect(told.message).toContain("unable to archive artifact to storage: ");
    expect(conditionOf(await space.status(space.sourceRef()), "Ready")?.status).toBe("False");
  });

  test("what is served is not made again after a restart, and what was lost is the same bytes", async () => {
    const space = await world().space("served-again");
    const commit = await space.commit({ "app/a.yaml": configMap("a") });
    const artifact = await served(space, commit);
    const version = async () => (await world().get(space.sourceRef()))?.metadata.resourceVersion;
    const before = await version();
    const restarted = async () => {
      await eventually("the file is served", async () => (await fetch(artifact.url)).status === 200);
      await fetched(artifact);
      expect(await version()).toBe(before);
    };
    await world().restart();
    await restarted();
    await world().restart(() => rm(join(dataDir, "artifacts"), { recursive: true }));
    await restarted();
  });

  test("the files of a source go with it", async () => {
    const space = await world().space("served-gone");
    const { url } = await served(space, await space.commit({ "app/a.yaml": configMap("a") }));
    await world().delete(space.sourceRef());
    await eventually("the file is gone", async () => (await fetch(url)).status === 404);
  });
});
