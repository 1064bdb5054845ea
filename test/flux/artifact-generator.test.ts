import { afterAll, describe, expect, test } from "vitest";
import { sourceLimits } from "#adapters/archive/archive-limits.ts";
import { treeOfTarball } from "#adapters/archive/tree-of-tarball.ts";
import { freePort } from "#adapters/cluster/free-port.ts";
import { ArtifactHost } from "../support/artifact-host.ts";
import { chartArchive } from "../support/chart-server.ts";
import { eventually } from "../support/eventually.ts";
import { tarballOf } from "../support/tarball.ts";
import { conditionOf, configMap, dataOf, type FluxStatus, type Space, useFluxWorld } from "./flux-world.ts";

const EXTENSIONS = "source.extensions.fluxcd.io/v1beta1";
const SOURCE = "source.toolkit.fluxcd.io/v1";
const RELEASE = "helm.toolkit.fluxcd.io/v2";
const { signal } = new AbortController();
const port = await freePort(signal);
const world = useFluxWorld({ controller: { artifacts: { host: "127.0.0.1", port, advertised: null } } });
const hosts: ArtifactHost[] = [];

afterAll(() => Promise.all(hosts.map((host) => host.stop())));

interface GeneratorStatus extends FluxStatus {
  readonly inventory?: never;
}

const refOf = (space: Space, name = space.name) => space.at(EXTENSIONS, "ArtifactGenerator", name);
const artifactRef = (space: Space, name: string) => space.at(SOURCE, "ExternalArtifact", name);

async function generate(space: Space, spec: object, metadata: object = {}): Promise<void> {
  await world().apply({
    apiVersion: EXTENSIONS,
    kind: "ArtifactGenerator",
    metadata: { name: space.name, namespace: space.name, ...metadata },
    spec: { sources: [{ alias: "repo", kind: "GitRepository", name: space.name }], ...spec },
  });
}

function copies(from: string, to = "@artifact/", more: object = {}): object {
  return { from, to, ...more };
}

function follow(space: Space, name: string): Promise<void> {
  return space.kustomization({ path: "./", sourceRef: { kind: "ExternalArtifact", name } }, name);
}

/** The files of an artifact, as somebody gets them who knows its url alone. */
async function filesOf(space: Space, name: string): Promise<readonly string[]> {
  const { artifact } = await space.status(artifactRef(space, name));
  const bytes = Buffer.from(await (await fetch(artifact?.url ?? "")).arrayBuffer());
  const tree = await treeOfTarball([bytes] as unknown as AsyncIterable<Uint8Array>, sourceLimits, signal);
  const found: string[] = [];
  const walk = (folder: string) => {
    for (const child of tree.children(folder)) {
      const path = folder === "" ? child : `${folder}/${child}`;
      if (tree.entry(path)?.type === "directory") walk(path);
      else found.push(path);
    }
  };
  walk("");
  return found;
}

/** Waits until a Kustomization applied what its artifact is now; returns that revision. */
async function applied(space: Space, name: string, value: string): Promise<string> {
  return await eventually(`${name} holds ${value}`, async () => {
    const data = dataOf(await world().get(space.configMap(name)));
    const { lastAppliedRevision = "", conditions } = await space.status(space.kustomizationRef(name));
    const isReady = conditionOf({ conditions: conditions ?? [] }, "Ready")?.status === "True";
    return data?.["value"] === value && isReady && lastAppliedRevision;
  });
}

async function names(space: Space): Promise<readonly string[]> {
  const status = (await space.status(refOf(space))) as unknown as GeneratorStatus & {
    readonly inventory?: readonly { readonly name: string }[];
  };
  return (status.inventory ?? []).map(({ name }) => name);
}

describe("ArtifactGenerator", () => {
  test("an object that moves from one artifact to another is handed over, and never deleted on the way", async () => {
    const space = await world().space("handing");
    const moved = configMap("moved");
    await space.commit({
      "one/a.yaml": configMap("one"),
      "two/a.yaml": configMap("two"),
      "one/moved.yaml": moved,
    });
    const output = (name: string) => ({ name, copy: [copies(`@repo/${name}/**`)] });
    await generate(space, { artifacts: [output("one"), output("two")] });
    for (const name of ["one", "two"]) await follow(space, name);
    const { uid } = (await space.present(space.configMap("moved"))).metadata;
    await space.present(space.configMap("two"));
    for (const [from, to] of [["one", "two"] as const, ["two", "one"] as const]) {
      await space.commit({ [`${from}/moved.yaml`]: null, [`${to}/moved.yaml`]: moved });
      await eventually(`${to} has it`, async () => {
        const labels = (await world().get(space.configMap("moved")))?.metadata.labels;
        return labels?.["kustomize.toolkit.fluxcd.io/name"] === to;
      });
      expect((await space.present(space.configMap("moved"))).metadata.uid).toBe(uid);
    }
  });

  test("a repository is taken apart: a change of one folder wakes its app alone, and what is not made any more goes", async () => {
    const space = await world().space("apart");
    const file = (name: string, value: string) => ({ [`deploy/${name}/a.yaml`]: configMap(name, { value }) });
    await space.commit({ ...file("front", "1"), ...file("back", "1") });
    const output = (name: string) => ({
      name,
      originRevision: "@repo",
      copy: [copies(`@repo/deploy/${name}/**`)],
    });
    await generate(space, { artifacts: [output("front"), output("back")], commonMetadata: { labels: { team: "a" } } });
    await follow(space, "front");
    await follow(space, "back");
    const front = await applied(space, "front", "1");
    expect(front).toMatch(/^latest@sha256:[0-9a-f]{64}$/);
    await applied(space, "back", "1");
    const { lastAppliedOriginRevision: origin } = (await space.status(space.kustomizationRef("front"))) as Record<
      string,
      unknown
    >;
    expect(origin).toMatch(/^main@sha1:/);
    const told = await space.says("reconciliation succeeded, generated 2 artifact(s)", { ref: refOf(space) });
    expect(told).toMatchObject({ status: "True", reason: "Succeeded" });
    const generator = await world().get(refOf(space));
    const events = async () =>
      await world().events({ kind: "ArtifactGenerator", namespace: space.name, name: space.name });
    const [event] = await eventually(
      "an event tells of it",
      async () => (await events()).length > 0 && (await events()),
    );
    expect(event).toMatchObject({ type: "Normal", source: { component: "source-watcher" } });
    const object = await world().get(artifactRef(space, "front"));
    expect(object).toMatchObject({
      metadata: {
        labels: {
          team: "a",
          "app.kubernetes.io/managed-by": "source-watcher",
          "source.extensions.fluxcd.io/generator": generator?.metadata.uid,
        },
      },
      spec: { sourceRef: { apiVersion: EXTENSIONS, kind: "ArtifactGenerator", name: "apart", namespace: "apart" } },
      status: {
        artifact: {
          revision: front,
          metadata: { "org.opencontainers.image.revision": expect.stringMatching(/^main@sha1:/) },
        },
      },
    });
    expect(await filesOf(space, "front")).toEqual(["a.yaml"]);
    const backBefore = await world().get(space.kustomizationRef("back"));
    const artifactBefore = await space.status(artifactRef(space, "back"));

    await space.commit(file("front", "2"));
    await eventually("front is at another revision", async () => (await applied(space, "front", "2")) !== front);
    expect((await world().get(space.kustomizationRef("back")))?.metadata.resourceVersion).toBe(
      backBefore?.metadata.resourceVersion,
    );
    expect((await space.status(artifactRef(space, "back"))).artifact?.digest).toBe(artifactBefore.artifact?.digest);

    await generate(space, { artifacts: [output("back")] });
    await space.gone(artifactRef(space, "front"));
    await eventually("the inventory is told", async () => (await names(space)).join() === "back");
    // An app whose source is gone keeps what it has.
    await space.holds("front", { value: "2" });
    await world().delete(refOf(space));
    await space.gone(artifactRef(space, "back"));
    await space.gone(refOf(space));
  });

  test("sources are put together: later files win, YAML is merged, archives are unpacked, and the rest is left out", async () => {
    const space = await world().space("together");
    const host = await new ArtifactHost().start();
    hosts.push(host);
    await space.commit({
      "app/a.yaml": configMap("a"),
      "app/README.md": "hidden",
      "values.yaml": "size: 2\nlist: [3]\n",
      "charts/web-1.0.0.tgz": Buffer.from(
        chartArchive("web", "1.0.0", { "values.yaml": "size: 1\nname: x\nlist: [1, 2]\n" }),
      ),
    });
    const artifact = host.put("other.tar.gz", tarballOf({ "a.yaml": configMap("a", { value: "other" }) }), "v1");
    await world().apply(
      { apiVersion: SOURCE, kind: "ExternalArtifact", metadata: { name: "other", namespace: space.name }, spec: {} },
      "maker",
    );
    await world().patch(
      artifactRef(space, "other"),
      { status: { artifact } },
      { manager: "maker", subresource: "status" },
    );
    await generate(space, {
      sources: [
        { alias: "repo", kind: "GitRepository", name: space.name },
        { alias: "other", kind: "ExternalArtifact", name: "other" },
      ],
      artifacts: [
        {
          name: "app",
          revision: "@other",
          copy: [
            copies("@repo/app/", "@artifact/", { exclude: ["*.md"] }),
            copies("@other/a.yaml", "@artifact/app/a.yaml"),
          ],
        },
        {
          name: "chart",
          copy: [
            copies("@repo/charts/*.tgz", "@artifact/", { strategy: "Extract" }),
            copies("@repo/values.yaml", "@artifact/web/values.yaml", { strategy: "Merge" }),
          ],
        },
      ],
    });
    await space.kustomization({ path: "./app", sourceRef: { kind: "ExternalArtifact", name: "app" } });
    await space.holds("a", { value: "other" });
    await eventually("it is applied", async () => (await space.status()).lastAppliedRevision === "v1");
    expect(await filesOf(space, "app")).toEqual(["app/a.yaml"]);
    const { artifact: chart } = await space.status(artifactRef(space, "chart"));
    const bytes = Buffer.from(await (await fetch(chart?.url ?? "")).arrayBuffer());
    const tree = await treeOfTarball([bytes] as unknown as AsyncIterable<Uint8Array>, sourceLimits, signal);
    const values = String((await tree.read(["web/values.yaml"], signal)).get("web/values.yaml"));
    expect(values).toBe("list:\n  - 3\nname: x\nsize: 2\n");
    const metadata = { name: "web", namespace: space.name };
    const spec = { interval: "1m", chartRef: { kind: "ExternalArtifact", name: "chart" } };
    await world().apply({ apiVersion: RELEASE, kind: "HelmRelease", metadata, spec });
    await space.says("Helm install succeeded", { ref: space.at(RELEASE, "HelmRelease", "web") });
  });

  test("folders are found by a pattern, and come and go with the repository", async () => {
    const space = await world().space("found");
    await space.commit({ "apps/One/a.yaml": configMap("one"), "apps/two/a.yaml": configMap("two"), "apps/file": "x" });
    await generate(space, {
      pathPattern: "@repo/apps/{app}",
      artifacts: [{ name: "app-{app}", copy: [copies("@repo/apps/{app}/**")] }],
    });
    await eventually("both are made", async () => (await names(space)).join() === "app-one,app-two");
    expect((await world().get(artifactRef(space, "app-one")))?.metadata.labels).toMatchObject({ app: "one" });
    await space.commit({ "apps/two/a.yaml": null, "apps/three/a.yaml": configMap("three") });
    await space.gone(artifactRef(space, "app-two"));
    await eventually("the inventory is told", async () => (await names(space)).join() === "app-one,app-three");
  });

  const bad: readonly { name: string; spec: object; says: string; reason: string; stalls?: true }[] = [
    {
      name: "missing",
      spec: {
        sources: [{ alias: "repo", kind: "Bucket", name: "none" }],
        artifacts: [{ name: "a", copy: [copies("@repo/**")] }],
      },
      says: "get sources failed: Bucket/bad-missing/none not found",
      reason: "SourceFetchFailed",
    },
    {
      name: "nothing",
      spec: { artifacts: [{ name: "a", copy: [copies("@repo/none/*.yaml")] }] },
      says: "a build failed: failed to apply copy operation from '@repo/none/*.yaml' to '@artifact/'",
      reason: "BuildFailed",
    },
    {
      name: "outside",
      spec: { artifacts: [{ name: "a", copy: [copies("@repo/**", "@artifact/../x")] }] },
      says: "destination path must not contain '..'",
      reason: "BuildFailed",
    },
    {
      name: "twice",
      spec: {
        artifacts: [
          { name: "a", copy: [copies("@repo/**")] },
          { name: "a", copy: [copies("@repo/**")] },
        ],
      },
      says: "duplicate artifact name 'a' found",
      reason: "ValidationFailed",
      stalls: true,
    },
    {
      name: "alias",
      spec: { artifacts: [{ name: "a", revision: "@other", copy: [copies("@repo/**")] }] },
      says: "artifact a revision source alias 'other' not found",
      reason: "ValidationFailed",
      stalls: true,
    },
    {
      name: "itself",
      spec: {
        sources: [{ alias: "repo", kind: "ExternalArtifact", name: "a" }],
        artifacts: [{ name: "a", copy: [copies("@repo/**")] }],
      },
      says: "get sources failed: ExternalArtifact/bad-itself/a not found",
      reason: "SourceFetchFailed",
    },
  ];
  test.each(bad)(
    "what cannot be made is told in the words of Flux: $name",
    async ({ name, spec, says, reason, stalls }) => {
      const space = await world().space(`bad-${name}`);
      await space.commit({ "app/a.yaml": configMap("a") });
      await generate(space, spec);
      const told = await space.says(says, { ref: refOf(space) });
      expect(told).toMatchObject({ status: "False", reason });
      const status = await space.status(refOf(space));
      expect(conditionOf(status, "Stalled")?.status).toBe(stalls ? "True" : undefined);
      expect(await world().get(artifactRef(space, "a"))).toBeNull();
    },
  );

  test("an object of somebody else is not taken, and a failure leaves what was made", async () => {
    const space = await world().space("foreign");
    await world().apply(
      { apiVersion: SOURCE, kind: "ExternalArtifact", metadata: { name: "theirs", namespace: space.name }, spec: {} },
      "maker",
    );
    await space.commit({ "app/a.yaml": configMap("ours") });
    const ours = { name: "ours", copy: [copies("@repo/app/**")] };
    await generate(space, { artifacts: [ours] });
    await follow(space, "ours");
    await applied(space, "ours", "1");
    await generate(space, { artifacts: [ours, { name: "theirs", copy: [copies("@repo/**")] }] });
    await space.says("is there already and not of this generator", { ref: refOf(space) });
    expect((await world().get(artifactRef(space, "theirs")))?.metadata.labels).toBeUndefined();
    await space.commit({ "app/a.yaml": null, "other/b.yaml": configMap("b") });
    await space.says("ours build failed", { ref: refOf(space) });
    await world().patch(space.configMap("ours"), { data: { value: "by hand" } });
    await space.holds("ours", { value: "1" });
  });

  test("after a restart nothing is written, also where it is suspended, and apps go on", async () => {
    const space = await world().space("again");
    await space.commit({ "app/a.yaml": configMap("app") });
    await generate(space, { artifacts: [{ name: "app", copy: [copies("@repo/app/**")] }] });
    await follow(space, "app");
    await applied(space, "app", "1");
    await space.says("generated 1 artifact(s)", { ref: refOf(space) });
    const versions = async () =>
      Promise.all(
        [refOf(space), artifactRef(space, "app")].map(
          async (ref) => (await world().get(ref))?.metadata.resourceVersion,
        ),
      );
    const before = await versions();
    await world().restart();
    await world().patch(space.configMap("app"), { data: { value: "by hand" } });
    await space.holds("app", { value: "1" });
    expect(await versions()).toEqual(before);

    const annotations = { "source.extensions.fluxcd.io/reconcile": "Disabled" };
    await world().patch(refOf(space), { metadata: { annotations } });
    await space.commit({ "app/a.yaml": configMap("app", { value: "2" }) });
    await world().restart();
    await world().patch(space.configMap("app"), { data: { value: "by hand" } });
    await space.holds("app", { value: "1" });
    const resumed = { "source.extensions.fluxcd.io/reconcile": null };
    await world().patch(refOf(space), { metadata: { annotations: resumed } });
    await applied(space, "app", "2");
  });
});
