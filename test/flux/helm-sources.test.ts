import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChartServer, chartArchive } from "../support/chart-server.ts";
import { eventually } from "../support/eventually.ts";
import { type OciRegistry, startOciRegistry } from "../support/oci-registry.ts";
import { payloadSignature, pushPayloads, signingKeys } from "../support/signed-artifacts.ts";
import { startS3Server } from "../support/s3-server.ts";
import { conditionOf, type FluxStatus, type Space, useFluxWorld } from "./flux-world.ts";

const SOURCE = "source.toolkit.fluxcd.io/v1";
const chartType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const world = useFluxWorld();
const servers: ChartServer[] = [];
let registry: OciRegistry;

beforeAll(async () => {
  registry = await startOciRegistry({ basic: { username: "ada", password: "canary-of-the-registry" } });
});
afterAll(() => Promise.all([registry?.stop(), ...servers.map((server) => server.stop())]));

/** A chart repository of the test's own. */
async function chartServer(): Promise<ChartServer> {
  const server = await new ChartServer().start();
  servers.push(server);
  return server;
}

const repositoryRef = (space: Space) => space.at(SOURCE, "HelmRepository", space.name);
const chartRef = (space: Space, name = space.name) => space.at(SOURCE, "HelmChart", name);

async function helmRepository(space: Space, spec: object): Promise<void> {
  const metadata = { name: space.name, namespace: space.name };
  await world().apply({ apiVersion: SOURCE, kind: "HelmRepository", metadata, spec: { interval: "1s", ...spec } });
}

async function helmChart(space: Space, spec: object = {}, name = space.name): Promise<void> {
  const sourceRef = { kind: "HelmRepository", name: space.name };
  await world().apply({
    apiVersion: SOURCE,
    kind: "HelmChart",
    metadata: { name, namespace: space.name },
    spec: { chart: "web", interval: "1h", sourceRef, ...spec },
  });
}

/** Waits until a HelmChart is ready at a version. */
async function pulled(space: Space, version: string, name = space.name): Promise<FluxStatus> {
  let last: FluxStatus = {};
  const probe = async () => {
    last = await space.status(chartRef(space, name));
    return last.artifact?.revision === version && conditionOf(last, "Ready")?.status === "True" && last;
  };
  return await eventually(`${name} is at ${version}`, probe).catch((error: unknown) => {
    throw new Error(`${name} is not at ${version}: ${JSON.stringify(last)}`, { cause: error });
  });
}

async function login(space: Space, name: string, password: string): Promise<void> {
  const metadata = { name, namespace: space.name };
  await world().apply({ apiVersion: "v1", kind: "Secret", metadata, stringData: { username: "ada", password } });
}

describe.concurrent("HelmRepository and HelmChart", () => {
  test("the index is followed, and a chart is the highest version in its range", async () => {
    const space = await world().space("helm-range");
    const server = await chartServer();
    server.publish("web", "1.0.0");
    server.publish("web", "2.0.0");
    await helmRepository(space, { url: server.url });
    await helmChart(space, { version: "1.x" });
    const first = await pulled(space, "1.0.0");
    expect(conditionOf(first, "Ready")).toMatchObject({
      reason: "ChartPullSucceeded",
      message: "pulled 'web' chart with version '1.0.0'",
    });
    const { artifact, ...index } = await space.status(repositoryRef(space));
    expect(artifact?.revision).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(conditionOf(index, "Ready")?.message).toBe(`stored artifact: revision '${artifact?.revision}'`);
    server.publish("web", "1.1.0");
    await pulled(space, "1.1.0");
    const messages = async () => {
      const events = await world().events({ kind: "HelmChart", namespace: space.name, name: space.name });
      return events.filter((event) => event["reason"] === "ChartPullSucceeded").map((event) => event["message"]);
    };
    await eventually("both versions are told of", async () => (await messages()).length === 2);
    expect(await messages()).toEqual(["1.0.0", "1.1.0"].map((one) => `pulled 'web' chart with version '${one}'`));
    await eventually("the index has another revision", async () => {
      const now = (await space.status(repositoryRef(space))).artifact?.revision;
      return now !== undefined && now !== artifact?.revision;
    });
  });

  test("many charts of a repository cost one question for its index", async () => {
    const space = await world().space("helm-many");
    const server = await chartServer();
    const names = ["a", "b", "c", "d", "e"];
    for (const name of names) server.publish(name, "1.0.0");
    await helmRepository(space, { url: server.url, interval: "1h" });
    for (const name of names) await helmChart(space, { chart: name }, name);
    for (const name of names) await pulled(space, "1.0.0", name);
    const asked = server.asked();
    expect(asked.filter((file) => file.endsWith(".tgz")).toSorted()).toEqual(names.map((name) => `${name}-1.0.0.tgz`));
    await space.poke(repositoryRef(space));
    await eventually("the index is asked for", () => server.requests.some(({ path }) => path.endsWith("index.yaml")));
    const wanted = server.requests.filter(({ path, isConditional }) => !isConditional || !path.endsWith("index.yaml"));
    expect(wanted).toEqual([]);
  });

  test("what is missing is told with names like it, and appears when it is published", async () => {
    const space = await world().space("helm-missing");
    const server = await chartServer();
    server.publish("webb", "1.0.0");
    await helmRepository(space, { url: server.url });
    await helmChart(space);
    const missing = await space.says("the closest names are 'webb'", { ref: chartRef(space) });
    expect(missing).toMatchObject({ status: "False", reason: "InvalidChartReference" });
    expect(conditionOf(await space.status(chartRef(space)), "Stalled")?.status).toBe("True");
    server.publish("web", "0.1.0");
    expect(conditionOf(await pulled(space, "0.1.0"), "Stalled")).toBeUndefined();
  });

  test("a chart that is not what the index says is refused, and the last good one stays", async () => {
    const space = await world().space("helm-digest");
    const server = await chartServer();
    server.publish("web", "1.0.0");
    await helmRepository(space, { url: server.url });
    await helmChart(space);
    await pulled(space, "1.0.0");
    server.publish("web", "1.1.0", { digest: "0".repeat(64) });
    const refused = await space.says("what came has the digest", { ref: chartRef(space), type: "FetchFailed" });
    expect(refused.reason).toBe("ChartPullError");
    expect((await space.status(chartRef(space))).artifact?.revision).toBe("1.0.0");
  });

  test("a server that is away keeps what there was, and its return is noticed", async () => {
    const space = await world().space("helm-away");
    const server = await chartServer();
    server.publish("web", "1.0.0");
    await helmRepository(space, { url: server.url });
    await helmChart(space);
    await pulled(space, "1.0.0");
    server.status = 503;
    const away = await space.says("the server answers 503", { ref: repositoryRef(space) });
    expect(away).toMatchObject({ status: "False", reason: "Failed" });
    await space.says("the server answers 503", { ref: chartRef(space) });
    expect((await space.status(chartRef(space))).artifact?.revision).toBe("1.0.0");
    server.publish("web", "1.1.0");
    server.status = undefined;
    await pulled(space, "1.1.0");
    await space.says("stored artifact", { ref: repositoryRef(space) });
  });

  test("a chart follows its HelmRepository to another address, and waits for it", async () => {
    const space = await world().space("helm-moved");
    const [old, next] = [await chartServer(), await chartServer()];
    old.publish("web", "1.0.0");
    next.publish("web", "2.0.0");
    await helmChart(space);
    const waiting = await space.says("HelmRepository 'helm-moved' does not exist", { ref: chartRef(space) });
    expect(waiting.reason).toBe("SourceUnavailable");
    await helmRepository(space, { url: old.url });
    await pulled(space, "1.0.0");
    await world().patch(repositoryRef(space), { spec: { url: next.url } });
    await pulled(space, "2.0.0");
  });

  test("credentials are those of the HelmRepository, and no status holds them", async () => {
    const space = await world().space("helm-login");
    const server = await chartServer();
    server.login = { username: "ada", password: "canary-of-the-charts" };
    server.publish("web", "1.0.0");
    await login(space, "wrong", "canary-wrong");
    await login(space, "right", "canary-of-the-charts");
    await helmRepository(space, { url: server.url, secretRef: { name: "wrong" } });
    await helmChart(space);
    const refused = await space.says("", { ref: repositoryRef(space), type: "FetchFailed" });
    expect(refused.reason).toBe("AuthenticationFailed");
    for (const ref of [repositoryRef(space), chartRef(space)]) {
      expect(JSON.stringify(await world().get(ref))).not.toContain("canary");
    }
    await world().patch(repositoryRef(space), { spec: { secretRef: { name: "right" } } });
    await pulled(space, "1.0.0");
  });

  test("values files are packed into the chart, and its version says so", async () => {
    const space = await world().space("helm-values");
    const server = await chartServer();
    server.publish("web", "1.0.0", { files: { "values-prod.yaml": "size: 9\n" } });
    await helmRepository(space, { url: server.url });
    await helmChart(space, { valuesFiles: ["values.yaml", "values-prod.yaml"] });
    const packed = await pulled(space, "1.0.0+1");
    expect(conditionOf(packed, "Ready")?.message).toBe(
      "packaged 'web' chart with version '1.0.0+1' and merged values files [values.yaml values-prod.yaml]",
    );
    await world().patch(chartRef(space), { spec: { valuesFiles: ["gone.yaml"] } });
    const missing = await space.says("gone.yaml", { ref: chartRef(space), type: "BuildFailed" });
    expect(missing.reason).toBe("ValuesFilesError");
  });

  test("charts of a registry are found by tag, and their HelmRepository has no status", async () => {
    const space = await world().space("helm-oci");
    const publish = (tag: string) =>
      registry.push(`${space.name}/web`, tag, {
        layers: [{ mediaType: chartType, content: chartArchive("web", tag.replace("_", "+")) }],
      });
    await publish("1.0.0");
    await login(space, "login", "canary-of-the-registry");
    const spec = { type: "oci", url: registry.url(space.name), insecure: true, secretRef: { name: "login" } };
    await helmRepository(space, spec);
    await helmChart(space, { version: "1.x", interval: "1s" });
    await pulled(space, "1.0.0");
    await publish("1.1.0_7");
    await pulled(space, "1.1.0+7");
    expect((await world().get(repositoryRef(space)))?.["status"]).toEqual({ observedGeneration: -1 });
  });

  test("a chart of a registry is used only when a trusted key signed it", async () => {
    const space = await world().space("helm-signed");
    const keys = signingKeys();
    const publish = async (tag: string) => {
      const layers = [{ mediaType: chartType, content: chartArchive("web", tag) }];
      return await registry.push(`${space.name}/web`, tag, { layers });
    };
    const signed = async (digest: string) => {
      const place = { registry, repository: `${space.name}/web`, digest };
      await pushPayloads(place, [payloadSignature(digest, keys)]);
    };
    await signed(await publish("1.0.0"));
    await world().apply({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "keys", namespace: space.name },
      stringData: { "team.pub": keys.publicKey },
    });
    await login(space, "login", "canary-of-the-registry");
    const spec = { type: "oci", url: registry.url(space.name), insecure: true, secretRef: { name: "login" } };
    await helmRepository(space, spec);
    const verify = { provider: "cosign", secretRef: { name: "keys" } };
    await helmChart(space, { version: "1.x", interval: "1s", verify });
    const status = await pulled(space, "1.0.0");
    expect(conditionOf(status, "SourceVerified")?.message).toBe("verified signature of version 1.0.0");
    const second = await publish("1.1.0");
    const refused = await space.says("chart verification error: no matching signatures were found for", {
      ref: chartRef(space),
    });
    expect(refused).toMatchObject({ status: "False", reason: "VerificationError" });
    expect((await space.status(chartRef(space))).artifact?.revision).toBe("1.0.0");
    await signed(second);
    await pulled(space, "1.1.0");
  });

  test("what is not supported is refused by name", async () => {
    const space = await world().space("helm-refused");
    await helmChart(space, { verify: { provider: "notation" } });
    const refused = await space.says("spec.verify.secretRef: is needed", { ref: chartRef(space) });
    expect(refused.reason).toBe("InvalidSpec");
  });
});

/** The files of a chart in a repository, beside others. */
const chartFiles = (version: string, extra = "") => ({
  "chart/Chart.yaml": `apiVersion: v2\nname: app\nversion: ${version}\n${extra}`,
  "chart/values.yaml": "color: red\n",
  "chart/templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
  "envs/prod.yaml": "color: blue\n",
});
const ofGit = (space: Space, spec: object = {}) =>
  helmChart(space, { chart: "./chart", sourceRef: { kind: "GitRepository", name: space.name }, ...spec });

interface ChartStatus extends FluxStatus {
  readonly observedChartName?: string;
  readonly observedSourceArtifactRevision?: string;
  readonly observedValuesFiles?: readonly string[];
}

/** Waits until a HelmChart has looked at a commit. */
async function lookedAt(space: Space, commit: string): Promise<ChartStatus> {
  let last: ChartStatus = {};
  return await eventually(`${space.name} looks at ${commit}`, async () => {
    last = await space.status(chartRef(space));
    return last.observedSourceArtifactRevision?.endsWith(commit) === true && last;
  });
}

describe.concurrent("HelmChart of a GitRepository or Bucket", () => {
  test("the chart in a folder is packed, and follows its own version only", async () => {
    const space = await world().space("helm-git");
    const first = await space.commit(chartFiles("1.0.0"));
    await ofGit(space);
    const packed: ChartStatus = await pulled(space, "1.0.0");
    expect(conditionOf(packed, "Ready")).toMatchObject({
      reason: "ChartPackageSucceeded",
      message: "packaged 'app' chart with version '1.0.0'",
    });
    expect(packed).toMatchObject({
      observedChartName: "app",
      observedSourceArtifactRevision: `main@sha1:${first}`,
      artifact: { path: `helmchart/${space.name}/${space.name}/app-1.0.0.tgz` },
    });
    const other = await space.commit({ "chart/templates/a.yaml": "# nothing\n", "README.md": "hello\n" });
    const kept = await lookedAt(space, other);
    expect(kept.artifact).toEqual(packed.artifact);
    await space.commit({ "chart/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.1.0\n" });
    const raised = await pulled(space, "1.1.0");
    expect(raised.artifact?.digest).not.toBe(packed.artifact?.digest);
  });

  test("each commit is a version of its own when that is asked for", async () => {
    const space = await world().space("helm-git-revision");
    const first = await space.commit(chartFiles("1.0.0"));
    await ofGit(space, { reconcileStrategy: "Revision" });
    await pulled(space, `1.0.0+${first.slice(0, 12)}`);
    const second = await space.commit({ "README.md": "hello\n" });
    await pulled(space, `1.0.0+${second.slice(0, 12)}`);
  });

  test("values files are found from the root of the source, and a missing one is told of", async () => {
    const space = await world().space("helm-git-values");
    await space.commit(chartFiles("1.0.0"));
    await ofGit(space, { valuesFiles: ["chart/values.yaml", "envs/prod.yaml"] });
    const packed = await pulled(space, "1.0.0+1");
    expect(conditionOf(packed, "Ready")?.message).toBe(
      "packaged 'app' chart with version '1.0.0+1' and merged values files [chart/values.yaml envs/prod.yaml]",
    );
    expect(packed).toMatchObject({ observedValuesFiles: ["chart/values.yaml", "envs/prod.yaml"] });
    await world().patch(chartRef(space), { spec: { valuesFiles: ["prod.yaml"] } });
    const missing = await space.says("no values file found at path 'prod.yaml'", {
      ref: chartRef(space),
      type: "BuildFailed",
    });
    expect(missing.reason).toBe("ValuesFilesError");
    await space.commit({ "prod.yaml": "color: green\n" });
    await pulled(space, "1.0.0+2");
  });

  test("a path where no chart is is told of in words, and the last good chart stays", async () => {
    const space = await world().space("helm-git-missing");
    const first = await space.commit({ "README.md": "hello\n" });
    await ofGit(space);
    const said = "invalid chart reference: GitRepository source 'helm-git-missing': there is no \"./chart\"";
    const missing = await space.says(said, { ref: chartRef(space) });
    expect(missing).toMatchObject({ status: "False", reason: "InvalidChartReference", message: said });
    const status = await lookedAt(space, first);
    expect(["Stalled", "FetchFailed"].map((type) => conditionOf(status, type)?.status)).toEqual(["True", "True"]);
    expect(status.artifact).toBeUndefined();
    await space.commit(chartFiles("1.0.0"));
    await pulled(space, "1.0.0");
    await space.commit({ "chart/Chart.yaml": "apiVersion: v2\nname: app\n" });
    await space.says("invalid chart reference", { ref: chartRef(space), type: "FetchFailed" });
    expect((await space.status(chartRef(space))).artifact?.revision).toBe("1.0.0");
  });

  test("what the chart needs comes from the HelmRepository of that address, with its Secret", async () => {
    const space = await world().space("helm-git-needs");
    const server = await chartServer();
    server.login = { username: "ada", password: "canary-of-the-needs" };
    server.publish("db", "1.4.0");
    const needs = `dependencies:\n- {name: db, version: 1.x, repository: "${server.url}"}\n`;
    await space.commit(chartFiles("1.0.0", needs));
    await ofGit(space, { interval: "1s" });
    const refused = await space.says("failed to add the dependency 'db' 1.x", {
      ref: chartRef(space),
      type: "BuildFailed",
    });
    expect(refused.reason).toBe("DependencyBuildError");
    await login(space, "login", "canary-of-the-needs");
    await helmRepository(space, { url: `${server.url}/`, secretRef: { name: "login" } });
    await pulled(space, "1.0.0");
    expect(JSON.stringify(await world().get(chartRef(space)))).not.toContain("canary");
  });

  test("a chart in a bucket is packed, and one that is packed there is taken as it is", async () => {
    const space = await world().space("helm-bucket");
    const store = await startS3Server();
    try {
      await store.createBucket(space.name);
      for (const [path, content] of Object.entries(chartFiles("1.0.0"))) await store.put(space.name, path, content);
      await store.put(space.name, "dist/web.tgz", Buffer.from(chartArchive("web", "2.0.0")));
      const metadata = { name: space.name, namespace: space.name };
      const stringData = { accesskey: store.accessKey, secretkey: store.secretKey };
      await world().apply({ apiVersion: "v1", kind: "Secret", metadata, stringData });
      const place = { endpoint: store.host, insecure: true, bucketName: space.name };
      const spec = { ...place, interval: "1s", secretRef: { name: space.name } };
      await world().apply({ apiVersion: SOURCE, kind: "Bucket", metadata, spec });
      const sourceRef = { kind: "Bucket", name: space.name };
      await helmChart(space, { chart: "chart", sourceRef });
      await helmChart(space, { chart: "dist/web.tgz", sourceRef }, "packed");
      await helmChart(space, { chart: "chart", sourceRef, reconcileStrategy: "Revision" }, "each");
      expect(conditionOf(await pulled(space, "1.0.0"), "Ready")?.reason).toBe("ChartPackageSucceeded");
      const taken = await pulled(space, "2.0.0", "packed");
      expect(conditionOf(taken, "Ready")?.message).toBe("pulled 'web' chart with version '2.0.0'");
      const revision = (await space.status(space.at(SOURCE, "Bucket", space.name))).artifact?.revision ?? "";
      await pulled(space, `1.0.0+${revision.slice("sha256:".length).slice(0, 12)}`, "each");
    } finally {
      await store.stop();
    }
  });
});
