import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadKubeconfig } from "#adapters/kube/kubeconfig.ts";
import type { ClusterSettings } from "#adapters/kube/connection.ts";
import { startOciRegistry, type OciRegistry } from "../support/oci-registry.ts";
import { configMap, dataOf, type Space, useFluxWorld } from "./flux-world.ts";

const world = useFluxWorld();
const user = { username: "puller", password: "canary-pull" };
const rbac = "rbac.authorization.k8s.io";
let settings: ClusterSettings;
let registry: OciRegistry;

beforeAll(async () => {
  settings = await loadKubeconfig({ path: world().kubeconfigPath, signal: new AbortController().signal });
  registry = await startOciRegistry({ basic: user });
});
afterAll(() => registry.stop());

/** A namespace whose account `deployer` may do all there, and a ConfigMap that says how this very cluster is reached as it. */
async function spaceOf(name: string, changes: Record<string, string> = {}): Promise<Space> {
  const space = await world().space(name);
  const metadata = { name: "deployer", namespace: name };
  await world().apply({ apiVersion: "v1", kind: "ServiceAccount", metadata });
  const rules = [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }];
  await world().apply({ apiVersion: `${rbac}/v1`, kind: "Role", metadata, rules });
  await world().apply({
    apiVersion: `${rbac}/v1`,
    kind: "RoleBinding",
    metadata,
    roleRef: { apiGroup: rbac, kind: "Role", name: "deployer" },
    subjects: [{ kind: "ServiceAccount", ...metadata }],
  });
  await describeCluster(name, changes);
  return space;
}

async function describeCluster(namespace: string, changes: Record<string, string>): Promise<void> {
  const data = {
    provider: "generic",
    address: settings.server,
    "ca.crt": settings.ca ?? "",
    audiences: "https://kubernetes.default.svc\n",
    serviceAccountName: "deployer",
    ...changes,
  };
  await world().apply({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "other", namespace }, data });
}

const kubeConfig = { configMapRef: { name: "other" } };

describe.concurrent("an app whose ConfigMap says how a cluster is reached", () => {
  test("acts there with a token of the service account, and with its rights", async () => {
    const space = await spaceOf("token-life");
    const elsewhere = `apiVersion: ${rbac}/v1\nkind: ClusterRole\nmetadata: {name: token-life}\nrules: []\n`;
    const first = await space.commit({ "app/a.yaml": configMap("a") });
    await space.kustomization({ kubeConfig, wait: true });
    await space.applied(first);
    expect(dataOf(await world().get(space.configMap("a")))).toEqual({ value: "1" });
    await space.commit({ "app/b.yaml": elsewhere });
    await space.says('User "system:serviceaccount:token-life:deployer" cannot');
  });

  test("is told what is wrong with it, and goes on when it is put right", async () => {
    const space = await spaceOf("token-wrong", { serviceAccountName: "" });
    const commit = await space.commit({ "app/a.yaml": configMap("a") });
    await space.kustomization({ kubeConfig });
    await space.says("kubeconfig ConfigMap 'token-wrong/other' has no key 'serviceAccountName'");
    await describeCluster("token-wrong", { audiences: "somebody-else" });
    await space.says("Unauthorized");
    await describeCluster("token-wrong", { serviceAccountName: "nobody" });
    await space.says('serviceaccounts "nobody" not found');
    await describeCluster("token-wrong", {});
    await space.applied(commit);
  });
});

test("an OCIRepository is pulled with the pull secrets of its service account", async () => {
  const space = await world().space("pull-secrets");
  const namespace = "pull-secrets";
  const auth = Buffer.from(`${user.username}:${user.password}`).toString("base64");
  const config = JSON.stringify({ auths: { [registry.host]: { auth } } });
  await world().apply({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "pull", namespace },
    type: "kubernetes.io/dockerconfigjson",
    stringData: { ".dockerconfigjson": config },
  });
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "puller", namespace } };
  await world().apply(account);
  await registry.push("team/app", "latest", { files: { "app/a.yaml": configMap("a") } });
  const spec = { url: registry.url("team/app"), interval: "1m", insecure: true, serviceAccountName: "puller" };
  const metadata = { name: "pulled", namespace };
  await world().apply({ apiVersion: "source.toolkit.fluxcd.io/v1", kind: "OCIRepository", metadata, spec });
  const ref = { apiVersion: "source.toolkit.fluxcd.io/v1", kind: "OCIRepository", ...metadata };
  await space.says("no Secret with credentials is named", { ref });
  await world().apply({ ...account, imagePullSecrets: [{ name: "pull" }] });
  await space.poke(ref);
  await space.kustomization({ sourceRef: { kind: "OCIRepository", name: "pulled" } });
  await space.says("Applied revision: latest@sha256:");
  expect(JSON.stringify(await world().events(ref))).not.toContain(user.password);
});
