import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Artifact, ArtifactHost } from "../support/artifact-host.ts";
import { chartArchive } from "../support/chart-server.ts";
import { eventually } from "../support/eventually.ts";
import { tarballOf, tarOf } from "../support/tarball.ts";
import { conditionOf, configMap, type FluxStatus, type Space, useFluxWorld } from "./flux-world.ts";

const SOURCE = "source.toolkit.fluxcd.io/v1";
const RELEASE = "helm.toolkit.fluxcd.io/v2";
const world = useFluxWorld();
let host: ArtifactHost;

beforeAll(async () => {
  host = await new ArtifactHost().start();
});
afterAll(() => host?.stop());

const refOf = (space: Space) => space.at(SOURCE, "ExternalArtifact", space.name);

/** Somebody else's object, and its status as somebody else writes it. */
async function tell(space: Space, artifact: Artifact | null): Promise<void> {
  const metadata = { name: space.name, namespace: space.name };
  const spec = { sourceRef: { apiVersion: "example.com/v1", kind: "Maker", name: "maker" } };
  await world().apply({ apiVersion: SOURCE, kind: "ExternalArtifact", metadata, spec }, "maker");
  await world().patch(refOf(space), { status: { artifact } }, { manager: "maker", subresource: "status" });
}

function follow(space: Space): Promise<void> {
  return space.kustomization({ path: "./", sourceRef: { kind: "ExternalArtifact", name: space.name } });
}

async function applied(space: Space, revision: string): Promise<FluxStatus> {
  return await eventually(`${space.name} applies ${revision}`, async () => {
    const status = await space.status();
    return status.lastAppliedRevision === revision && conditionOf(status, "Ready")?.status === "True" && status;
  });
}

describe("ExternalArtifact", () => {
  test("what somebody else made is applied, and the next artifact is at once", async () => {
    const space = await world().space("external");
    const [one, two] = ["1", "2"].map((value) =>
      host.put(`external-${value}.tar.gz`, tarballOf({ "a.yaml": configMap("a", { value }) }), `v${value}@sha256:1`),
    ) as [Artifact, Artifact];
    await tell(space, one);
    await follow(space);
    await applied(space, "v1@sha256:1");
    await space.holds("a", { value: "1" });
    const before = await world().get(refOf(space));
    await tell(space, two);
    await applied(space, "v2@sha256:1");
    await space.holds("a", { value: "2" });
    const after = await world().get(refOf(space));
    // The status is its maker's.
    expect(after?.["status"]).toEqual({ artifact: two });
    const managers = (object: typeof after) => object?.metadata.managedFields?.map(({ manager }) => manager);
    expect(managers(after)).toEqual(managers(before));
    expect(host.requests.filter((path) => path.startsWith("/external-"))).toHaveLength(2);
  });

  test("without an artifact an app waits in the words of Flux, and begins when there is one", async () => {
    const space = await world().space("external-none");
    await follow(space);
    await space.says(`externalartifacts.source.toolkit.fluxcd.io "${space.name}" not found`);
    await tell(space, null);
    const waiting = await space.says("Source artifact not found, retrying in 30s");
    expect(waiting).toMatchObject({ status: "False", reason: "ArtifactFailed" });
    await tell(space, host.put("none.tar.gz", tarballOf({ "a.yaml": configMap("a") }), "v1"));
    await applied(space, "v1");
  });

  test("what is not what it is said to be is told of by the app, which keeps and heals what it had", async () => {
    const space = await world().space("external-wrong");
    const good = host.put("good.tar.gz", tarballOf({ "a.yaml": configMap("a") }), "v1");
    await tell(space, good);
    await follow(space);
    await applied(space, "v1");
    const changed = host.put("changed.tar.gz", tarballOf({ "a.yaml": configMap("a", { value: "2" }) }), "v2");
    await tell(space, { ...changed, digest: good.digest.replace(/[0-9a-f]{4}$/, "0000") });
    const wrong = await space.says("its digest is");
    expect(wrong).toMatchObject({ status: "False", reason: "ArtifactFailed" });
    const outside = gzipSync(tarOf([{ name: "../a.yaml", content: configMap("a") }]));
    await tell(space, host.put("outside.tar.gz", outside, "v3"));
    await space.says("leads outside");
    const bomb = gzipSync(tarOf([{ name: "a.yaml", content: Buffer.alloc(8 << 20) }]));
    await tell(space, host.put("bomb.tar.gz", bomb, "v4"));
    await space.says("200 times its size");
    await tell(space, { ...good, url: "file:///etc/passwd", digest: changed.digest });
    await space.says("neither http nor https");
    await world().patch(space.configMap("a"), { data: { value: "by hand" } });
    await space.holds("a", { value: "1" });
    await tell(space, changed);
    await applied(space, "v2");
  });

  test("a release takes its chart from one", async () => {
    const space = await world().space("external-chart");
    await tell(space, host.put("chart.tgz", chartArchive("web", "1.2.3"), "1.2.3@sha256:2"));
    const metadata = { name: "web", namespace: space.name };
    const spec = { interval: "1m", chartRef: { kind: "ExternalArtifact", name: space.name } };
    await world().apply({ apiVersion: RELEASE, kind: "HelmRelease", metadata, spec });
    const ref = space.at(RELEASE, "HelmRelease", "web");
    const ready = await space.says("Helm install succeeded", { ref });
    expect(ready.message).toContain("web@1.2.3");
    await space.present(space.configMap("a"));
  });

  test("after a restart nothing is fetched again, also while the other host is away", async () => {
    const space = await world().space("external-again");
    const leaving = await new ArtifactHost().start();
    await tell(space, leaving.put("a.tar.gz", tarballOf({ "a.yaml": configMap("a", { value: "1" }) }), "v1"));
    await follow(space);
    await applied(space, "v1");
    await leaving.stop();
    await world().restart();
    await world().patch(space.configMap("a"), { data: { value: "by hand" } });
    await space.holds("a", { value: "1" });
    expect(leaving.requests).toHaveLength(1);
  });

  test("what a generator makes reaches apps although nobody serves it, also after a restart", async () => {
    const space = await world().space("external-made");
    await space.commit({ "app/a.yaml": configMap("a", { value: "1" }) });
    await world().apply({
      apiVersion: "source.extensions.fluxcd.io/v1beta1",
      kind: "ArtifactGenerator",
      metadata: { name: space.name, namespace: space.name },
      spec: {
        sources: [{ alias: "repo", kind: "GitRepository", name: space.name }],
        artifacts: [{ name: space.name, copy: [{ from: "@repo/app/**", to: "@artifact/" }] }],
      },
    });
    await follow(space);
    await space.holds("a", { value: "1" });
    const told = async () => (await space.status(refOf(space))).artifact;
    const artifact = await eventually("the artifact is told of", async () => (await told()) ?? false);
    expect(artifact).toMatchObject({ url: "", revision: `latest@${artifact.digest}` });
    await world().restart();
    await world().patch(space.configMap("a"), { data: { value: "by hand" } });
    await space.holds("a", { value: "1" });
    expect(await told()).toEqual(artifact);
  });
});
