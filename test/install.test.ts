import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { goProgramPath } from "#adapters/go-program.ts";
import { applyInstall, InstallConflictError } from "#adapters/install/apply-install.ts";
import { readCrds } from "#adapters/install/crd-files.ts";
import { connectCluster } from "#adapters/kube/cluster-client.ts";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import { loadKubeconfig } from "#adapters/kube/kubeconfig.ts";
import { defaultImage } from "#cli/install.ts";
import { installObjects } from "#cli/install-manifests.ts";
import type { InstallOptions } from "#cli/install-manifests.ts";
import { appKey } from "#core/app/app.ts";
import { InventoryStore } from "#engine/inventory-store.ts";
import { installText } from "../tools/generate-install.ts";
import { useControlPlane } from "./support/control-plane.ts";

const run = promisify(execFile);
const { signal } = new AbortController();
const controlPlane = useControlPlane({ withNodes: false });
const account = "system:serviceaccount:holdfast-system:holdfast-controller";
let client: ConnectedCluster;
let crds: readonly Resource[];

beforeAll(async () => {
  client = connectCluster(await loadKubeconfig({ path: controlPlane().kubeconfigPath, signal }));
  crds = await readCrds(signal);
});

afterAll(() => client.close());

async function kubectl(...args: string[]): Promise<string> {
  const all = ["kubectl", "--kubeconfig", controlPlane().kubeconfigPath, ...args];
  return (await run(goProgramPath("controlplane"), all)).stdout;
}

async function can(user: string, verb: string, resource: string, ...options: string[]): Promise<boolean> {
  // `auth can-i` exits with 1 to say no.
  const answer = kubectl("auth", "can-i", verb, resource, `--as=${user}`, ...options);
  return (await answer.catch((refusal: { stdout: string }) => refusal.stdout)).startsWith("yes");
}

async function install(options: Partial<InstallOptions> = {}, force = false): Promise<ReadonlyMap<string, string>> {
  const outcomes = new Map<string, string>();
  const objects = installObjects({
    namespace: "holdfast-system",
    namespaces: null,
    image: "holdfast:test",
    servesArtifacts: false,
    takesWebhooks: false,
    crds,
    ...options,
  });
  const onApplied = ({ kind, metadata }: Resource, outcome: string) => {
    outcomes.set([kind, metadata.namespace, metadata.name].filter(Boolean).join("/"), outcome);
  };
  await applyInstall(client, { crds, objects, force, onApplied }, signal);
  return outcomes;
}

async function namespaces(...names: string[]): Promise<void> {
  for (const name of names) {
    await client.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } }, { manager: "test", signal });
  }
}

describe("installing into a whole cluster", () => {
  test("the first time creates everything, the second changes nothing", async () => {
    const first = await install();
    expect(new Set(first.values())).toEqual(new Set(["created"]));
    expect(first.size).toBe(crds.length + 8);
    const second = await install();
    expect([...second.keys()]).toEqual([...first.keys()]);
    expect(new Set(second.values())).toEqual(new Set(["unchanged"]));
  });

  test("every kind is served at once, so that objects can follow", async () => {
    for (const crd of crds) {
      const { group, names } = crd["spec"] as { group: string; names: { kind: string } };
      expect(await client.kind({ group, kind: names.kind }, { signal })).toMatchObject({ known: "yes" });
    }
  });

  test("the Deployment meets the restricted pod security standard of its namespace", async () => {
    const deployment = await client.get(
      { apiVersion: "apps/v1", kind: "Deployment", namespace: "holdfast-system", name: "holdfast-controller" },
      { signal },
    );
    const { template } = (deployment as Resource)["spec"] as { template: { metadata: object; spec: object } };
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { ...template.metadata, name: "x", namespace: "holdfast-system" },
    };
    const created = await client.create({ ...pod, spec: template.spec }, { manager: "test", signal });
    expect(created.metadata.uid).toBeTruthy();
    const open = { ...template.spec, hostNetwork: true };
    const refused = { ...pod, metadata: { ...pod.metadata, name: "y" }, spec: open } as Resource;
    await expect(client.create(refused, { manager: "test", signal })).rejects.toThrow(/violates PodSecurity/);
  });

  test("deploy/install.yaml is what was installed: kubectl finds nothing to change", async () => {
    await install({ image: defaultImage });
    const path = join(import.meta.dirname, "../deploy/install.yaml");
    expect(await readFile(path, "utf8")).toBe(await installText(signal));
    expect(await kubectl("diff", "--server-side", "--field-manager=holdfast-install", "-f", path)).toBe("");
  });

  test("what a person changed is not overwritten unless they say so", async () => {
    const ref = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      namespace: "holdfast-system",
      name: "holdfast-controller",
    };
    await client.patch(ref, { spec: { replicas: 0 } }, { type: "merge", manager: "somebody", signal });
    const refusal = install();
    await expect(refusal).rejects.toThrow(InstallConflictError);
    await expect(refusal).rejects.toThrow(
      "Cannot install Deployment/holdfast-system/holdfast-controller: somebody owns fields that would change (.spec.replicas)",
    );
    const forced = await install({}, true);
    expect(forced.get("Deployment/holdfast-system/holdfast-controller")).toBe("changed");
    expect(await client.get(ref, { signal })).toMatchObject({ spec: { replicas: 1 } });
  });

  test("the service account may do what apps need, and holds its lease", async () => {
    expect(await can(account, "*", "*", "--all-namespaces")).toBe(true);
    expect(await can(account, "update", "leases/holdfast-controller", "-n", "holdfast-system")).toBe(true);
  });

  test("without the cluster-admin binding its own role suffices for everything but apps' objects", async () => {
    await kubectl("delete", "clusterrolebinding", "holdfast-cluster-admin");
    try {
      const everywhere = "--all-namespaces";
      for (const [verb, resource] of [
        ["watch", "kustomizations.kustomize.toolkit.fluxcd.io"],
        ["patch", "kustomizations.kustomize.toolkit.fluxcd.io/status"],
        ["patch", "kustomizations.kustomize.toolkit.fluxcd.io"],
        ["patch", "gitrepositories.source.toolkit.fluxcd.io/status"],
        ["patch", "applications.argoproj.io"],
        ["delete", "applications.argoproj.io"],
        ["list", "appprojects.argoproj.io"],
        ["create", "inventories.holdfast.dev"],
        ["delete", "inventories.holdfast.dev"],
        ["watch", "secrets"],
        ["watch", "configmaps"],
        ["create", "events"],
        ["patch", "events"],
        ["impersonate", "serviceaccounts"],
        ["get", "serviceaccounts"],
        ["watch", "deployments.apps"],
      ] as const) {
        expect([verb, resource, await can(account, verb, resource, everywhere)]).toEqual([verb, resource, true]);
      }
      for (const [verb, resource] of [
        ["create", "configmaps"],
        ["delete", "appprojects.argoproj.io"],
        ["update", "secrets"],
        ["list", "serviceaccounts"],
        ["create", "clusterrolebindings.rbac.authorization.k8s.io"],
      ] as const) {
        expect([verb, resource, await can(account, verb, resource, everywhere)]).toEqual([verb, resource, false]);
      }
      expect(await can(account, "create", "serviceaccounts", "--subresource=token", everywhere)).toBe(true);
      expect(await can(account, "create", "serviceaccounts", everywhere)).toBe(false);
      expect(await can(account, "update", "leases/another", "-n", "default")).toBe(false);
      expect(await can(account, "create", "leases", "-n", "default")).toBe(false);
    } finally {
      await install();
    }
  });
});

describe("installing for some namespaces", () => {
  const namespace = "holdfast-shop";
  const limited = `system:serviceaccount:${namespace}:holdfast-controller`;

  test("it serves the named namespaces, down to real requests", async () => {
    await namespaces("shop", "web", "other");
    await install({ namespace, namespaces: ["shop", "web"] });
    const as = { user: limited };
    const acting: ConnectedCluster = actingAs(client, limited);
    for (const served of ["shop", "web"]) {
      const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x", namespace: served }, data: {} };
      await client.apply(configMap, { manager: "test", signal, as });
      const info = { group: "", version: "v1", kind: "Secret", plural: "secrets", namespaced: true, verbs: [] };
      await client.list(info, { namespace: served }, { signal, as });
    }
    const store = new InventoryStore(acting, () => 1);
    await store.load(["shop", "web"], signal);
    const object = {
      apiVersion: "kustomize.toolkit.fluxcd.io/v1",
      kind: "Kustomization",
      namespace: "shop",
      name: "a",
      uid: "u",
      generation: 1,
    };
    const app = { key: appKey("ks", "shop", "a"), object };
    await store.write(app, new Map(), signal);
    await store.remove(app, signal);
  });

  test("it may do nothing elsewhere, and nothing cluster-wide but see its definitions", async () => {
    for (const options of [["-n", "other"], ["-n", "kube-system"], ["--all-namespaces"]]) {
      for (const verb of ["get", "list", "create", "delete"]) {
        expect([verb, options, await can(limited, verb, "configmaps", ...options)]).toEqual([verb, options, false]);
      }
      expect(await can(limited, "get", "secrets", ...options)).toBe(false);
    }
    expect(await can(limited, "list", "customresourcedefinitions")).toBe(false);
    expect(await can(limited, "get", "customresourcedefinitions/inventories.holdfast.dev")).toBe(true);
    expect(await can(limited, "patch", "customresourcedefinitions/inventories.holdfast.dev")).toBe(false);
    expect(await can(limited, "list", "nodes")).toBe(false);
    expect(await can(limited, "create", "clusterroles")).toBe(false);
    expect(await can(limited, "update", "leases/holdfast-controller", "-n", namespace)).toBe(true);
    expect(await can(limited, "get", "secrets", "-n", namespace)).toBe(false);
  });
});

/** The same client, every call of which acts as a user. */
function actingAs(direct: ConnectedCluster, user: string): ConnectedCluster {
  const as = { user };
  const wrapped: Partial<ConnectedCluster> = {
    kind: (kind, options) => direct.kind(kind, options),
    get: (ref, options) => direct.get(ref, { ...options, as }),
    list: (info, selection, options) => direct.list(info, selection, { ...options, as }),
    create: (object, options) => direct.create(object, { ...options, as }),
    replace: (object, options) => direct.replace(object, { ...options, as }),
    delete: (ref, options) => direct.delete(ref, { ...options, as }),
  };
  return wrapped as ConnectedCluster;
}
