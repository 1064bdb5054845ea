import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import type { Resource } from "#core/resource/resource.ts";
import { type Ended, runCli } from "./support/cli-program.ts";
import { temporaryDirectory, useControlPlane } from "./support/control-plane.ts";
import { adminClient, installDefinitions } from "./support/engine.ts";

const plane = useControlPlane({ withNodes: false, users: [{ name: "dev", groups: [] }] });
const { signal } = new AbortController();
let home: string;
let client: ConnectedCluster;

beforeAll(async () => {
  home = await temporaryDirectory();
  client = adminClient(plane());
  await installDefinitions(client, signal);
  await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "team" } });
  const group = "rbac.authorization.k8s.io";
  await apply({
    apiVersion: `${group}/v1`,
    kind: "RoleBinding",
    metadata: { name: "dev", namespace: "team" },
    roleRef: { apiGroup: group, kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ apiGroup: group, kind: "User", name: "dev" }],
  });
  await apply({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "owned", namespace: "team" } });
  const api = { apiVersion: "kustomize.toolkit.fluxcd.io/v1", kind: "Kustomization" };
  const metadata = { name: "shop", namespace: "team" };
  const sourceRef = { kind: "GitRepository", name: "shop" };
  await apply({ ...api, metadata, spec: { interval: "1m", prune: true, path: "./", sourceRef } });
  const status = { inventory: { entries: [{ id: "team_owned__ConfigMap", v: "v1" }] } };
  const style = { type: "merge", subresource: "status", manager: "test", signal } as const;
  await client.patch({ ...api, ...metadata }, { status }, style);
  await writeFile(join(home, "kubeconfig"), JSON.stringify(kubeconfig()));
});

afterAll(() => client.close());

const apply = async (object: Resource) => (await client.apply(object, { manager: "test", signal })).object;

function kubeconfig(): object {
  const { server, caPem } = plane();
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server, "certificate-authority-data": Buffer.from(caPem).toString("base64") } }],
    users: [{ name: "dev", user: { token: plane().tokenFor("dev") } }],
    contexts: [{ name: "dev", context: { cluster: "c", user: "dev" } }],
    "current-context": "dev",
  };
}

function holdfast(...args: string[]): Promise<Ended> {
  return runCli({ home, kubeconfig: join(home, "kubeconfig") }, args);
}

test("who sees one namespace alone can trace and show what is in it, and is told of the limit", async () => {
  const { code, out, err } = await holdfast("trace", "configmap/owned", "-n", "team");
  expect([code, out]).toEqual([0, expect.stringContaining("owned by  ks/team/shop")]);
  expect(err).toContain("Only apps of namespace team were looked at");
  expect((await holdfast("tree", "shop", "-n", "team")).out).toContain("ConfigMap/team/owned Current");
});

test("orphans are not told to somebody who cannot see every app", async () => {
  const { code, out, err } = await holdfast("orphans", "-n", "team");
  expect([code, out, err.includes("you may not list every app")]).toEqual([8, "", true]);
});
