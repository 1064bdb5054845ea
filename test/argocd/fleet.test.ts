import { join } from "node:path";
import { loadAll } from "js-yaml";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ProviderServer, startProviderServer } from "#adapters/provider/testing/provider-server.ts";
import type { Resource } from "#core/resource/resource.ts";
import { eventually } from "../support/eventually.ts";
import { type Fleet, FleetCluster, FleetServers } from "../support/fleet-world.ts";
import { viewOf } from "./argo-world.ts";

let services: ProviderServer;
const fleet: Fleet = {
  folder: join(import.meta.dirname, "../../examples/argocd/fleet"),
  plugins: "plugins",
  reporting: [{ group: "argoproj.io", kind: "Application" }],
  stateOf: (object) => {
    const { sync, health, phase, message, conditions } = viewOf(object);
    const isSettled = sync === "Synced" && health === "Healthy" && phase === "Succeeded";
    return isSettled ? "Ready" : [sync, health, phase, message, ...conditions].join(" ");
  },
  publish: async (at) => {
    at.charts.publish("guestbook", "1.2.0", { packed: await at.chart("guestbook/chart") });
    await at.pushChart("guestbook/chart", "charts/guestbook", "1.2.0");
    await at.registry.push("artifacts/guestbook", "1.0", { files: await at.files("guestbook/plain") });
  },
  insecure: (text, registry) =>
    text
      .replaceAll(/https:\/\/(code|tenants)\.example\.com/g, services.url)
      .replaceAll(/^ {2}type: (helm|oci)$/gm, '$&\n  insecureOCIForceHttp: "true"')
      .replaceAll("registry.example.com/guestbook", "registry.example/guestbook")
      .replaceAll("registry.example.com", registry),
};
const types = [
  "artifact",
  "chart",
  "jsonnet",
  "kustomize",
  "phased",
  "plain",
  "plugin",
  "registry",
  "repository",
  "several",
];
const matrix = ["blue-production", "blue-staging", "green-production", "green-staging"].map((name) => `matrix-${name}`);
const generated = [
  "clusters-in-cluster",
  "directories-blue",
  "directories-green",
  "files-blue",
  "files-green",
  "list-black",
  "list-red",
  "merge-blue",
  "merge-green",
  "placement-in-cluster",
  "previews-4",
  "repositories-fleet",
  "tenants-acme",
  ...matrix,
];
const frozen = "Application/argocd/guestbook-frozen";
const everything = [
  "Application/argocd/fleet",
  ...[...types, ...generated].map((name) => `Application/argocd/guestbook-${name}`),
].toSorted();

let servers: FleetServers;
let cluster: FleetCluster;

describe("the example fleet of Applications, from an empty cluster", () => {
  beforeEach(async () => {
    services = await startProviderServer();
    servers = await FleetServers.start(fleet);
    await answerServices();
    cluster = await FleetCluster.start(servers);
    const files = Object.entries(await servers.files("bootstrap"));
    const isDefinition = ([path]: [string, string]) => path.startsWith("definitions/");
    const inFiles = (some: typeof files) => some.flatMap(([, text]) => loadAll(text) as Resource[]);
    await cluster.apply(inFiles(files.filter(isDefinition)));
    const others = inFiles(files.filter((file) => !isDefinition(file)));
    await eventually("what is defined is served", () =>
      cluster.apply(others).then(
        () => true,
        () => false,
      ),
    );
  });
  afterEach(async () => {
    await cluster.stop();
    await servers.stop();
    await services.stop();
  });

  test("gets ready although the controller is killed in the middle of a wave and of a hook", async () => {
    await cluster.startController();
    for (const path of ["guestbook-phased/jobs/migrate", "guestbook-phased/deployments/database"]) {
      await cluster.killControllerAt({ method: "PATCH", path: new RegExp(`/namespaces/${path}$`) });
      await cluster.startController();
    }
    expect(await cluster.allReady(everything.length + 1, [frozen])).toEqual(everything);
    expect((await cluster.report())[frozen]).toMatch(/^OutOfSync Missing/);
    const created = (await cluster.creations()).map(({ object }) => object);
    const again = created.filter((object, index) => created.indexOf(object) !== index);
    expect(again).toEqual([]);
    const phased = created.filter((object) => object.includes("/guestbook-phased/"));
    expect(phased).toEqual([
      "namespaces/guestbook-phased/guestbook-phased",
      "jobs/guestbook-phased/migrate",
      "deployments/guestbook-phased/database",
      "deployments/guestbook-phased/guestbook",
      "jobs/guestbook-phased/smoke-test",
    ]);
    expect(await cluster.get("batch/v1", "Job", "guestbook-phased/smoke-test")).toBeNull();
    expect(await colorOf("several")).toBe("gold");
    expect(await colorOf("tenants-acme")).toBe("ruby");
    expect(await colorOf("plugin", "guestbook")).toBe("teal");
    expect(await colorOf("merge-green")).toBe("olive");
    expect(await colorOf("matrix-blue-staging")).toBe("blue");
    expect(await cluster.get("v1", "ConfigMap", "guestbook-several/notice")).not.toBeNull();
  });
});

/** What the services of the example answer: the fleet's own repository and one without a guestbook, two pull requests, a tenant. */
async function answerServices(): Promise<void> {
  const sha = await servers.git.git("platform/fleet", "rev-parse", "main");
  const repository = (name: string) => ({
    id: 1,
    name,
    owner: { login: "platform" },
    clone_url: `${servers.git.address}/platform/${name}.git`,
    default_branch: "main",
  });
  const pull = (number: number, label: string) => ({
    number,
    title: "More color",
    head: { ref: "color", sha },
    base: { ref: "main" },
    user: { login: "ada" },
    labels: [{ name: label }],
  });
  const at = "/api/v1/repos/platform";
  const answers: Readonly<Record<string, unknown>> = {
    "/api/v1/orgs/platform/repos": [repository("fleet"), repository("fleet-notes")],
    [`${at}/fleet/branches/main`]: { name: "main", commit: { id: sha } },
    [`${at}/fleet-notes/branches/main`]: { name: "main", commit: { id: sha } },
    [`${at}/fleet/contents/guestbook/chart/Chart.yaml`]: { type: "file" },
    [`${at}/fleet/pulls`]: [pull(4, "preview"), pull(5, "docs")],
    "/api/v1/getparams.execute": { output: { parameters: [{ tenant: "acme", color: "ruby" }] } },
  };
  for (const [path, body] of Object.entries(answers)) services.answers.set(path, { body });
}

/** The color with which a guestbook was rendered. */
async function colorOf(app: string, deployed = `guestbook-${app}`): Promise<string | undefined> {
  const deployment = await cluster.get("apps/v1", "Deployment", `guestbook-${app}/${deployed}`);
  const spec = deployment?.["spec"] as { template: { spec: { containers: { env: { value: string }[] }[] } } };
  return spec.template.spec.containers[0]?.env[0]?.value;
}
