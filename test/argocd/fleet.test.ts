import { join } from "node:path";
import { loadAll } from "js-yaml";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { type Fleet, FleetCluster, FleetServers } from "../support/fleet-world.ts";
import { viewOf } from "./argo-world.ts";

const fleet: Fleet = {
  folder: join(import.meta.dirname, "../../examples/argocd/fleet"),
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
      .replaceAll(/^ {2}type: (helm|oci)$/gm, '$&\n  insecureOCIForceHttp: "true"')
      .replaceAll("registry.example.com/guestbook", "registry.example/guestbook")
      .replaceAll("registry.example.com", registry),
};
const types = ["artifact", "chart", "jsonnet", "kustomize", "phased", "plain", "registry", "repository", "several"];
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
    servers = await FleetServers.start(fleet);
    cluster = await FleetCluster.start(servers);
    const files = await servers.files("bootstrap");
    await cluster.apply(Object.values(files).flatMap((text) => loadAll(text) as Resource[]));
  });
  afterEach(async () => {
    await cluster.stop();
    await servers.stop();
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
    expect(await colorOf("merge-green")).toBe("olive");
    expect(await colorOf("matrix-blue-staging")).toBe("blue");
    expect(await cluster.get("v1", "ConfigMap", "guestbook-several/notice")).not.toBeNull();
  });
});

/** The color with which a guestbook's chart was rendered. */
async function colorOf(app: string): Promise<string | undefined> {
  const name = `guestbook-${app}`;
  const deployment = await cluster.get("apps/v1", "Deployment", `${name}/${name}`);
  const spec = deployment?.["spec"] as { template: { spec: { containers: { env: { value: string }[] }[] } } };
  return spec.template.spec.containers[0]?.env[0]?.value;
}
