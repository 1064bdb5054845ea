import { afterAll, beforeAll, expect, test } from "vitest";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import { type Ended, runCli } from "./support/cli-program.ts";
import { temporaryDirectory, useControlPlane } from "./support/control-plane.ts";
import { adminClient } from "./support/engine.ts";

const plane = useControlPlane({ withNodes: false });
const { signal } = new AbortController();
let home: string;
let client: ConnectedCluster;

beforeAll(async () => {
  home = await temporaryDirectory();
  client = adminClient(plane());
});

afterAll(() => client.close());

function holdfast(args: readonly string[], input = ""): Promise<Ended> {
  return runCli({ home, kubeconfig: plane().kubeconfigPath }, args, input);
}

test("create tenant makes namespaces, accounts and bindings, once, and says what else keeps tenants apart", async () => {
  const args = ["create", "tenant", "dev-team", "--with-namespace", "shop,cart", "--cluster-role", "edit"];
  const made = await holdfast(args);
  expect(made.out.split("\n").slice(0, 3)).toEqual([
    "Namespace/shop created",
    "ServiceAccount/shop/dev-team created",
    "RoleBinding/shop/dev-team-reconciler created",
  ]);
  expect(made.err).toMatch(/--default-service-account dev-team[^]*--no-cross-namespace-refs/);
  const labels = { "toolkit.fluxcd.io/tenant": "dev-team" };
  expect(await client.get({ apiVersion: "v1", kind: "Namespace", name: "cart" }, { signal })).toMatchObject({
    metadata: { labels },
  });
  const binding = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", name: "dev-team-reconciler" };
  expect(await client.get({ ...binding, namespace: "cart" }, { signal })).toMatchObject({
    metadata: { labels },
    roleRef: { kind: "ClusterRole", name: "edit" },
    subjects: [
      { kind: "User", name: "gotk:cart:reconciler" },
      { kind: "ServiceAccount", name: "dev-team", namespace: "cart" },
    ],
  });
  const again = await holdfast(args);
  expect([again.code, again.out.match(/unchanged/g)?.length]).toEqual([0, 6]);
});

test("create tenant refuses a namespace of another tenant before it makes anything, and a change of role", async () => {
  await holdfast(["create", "tenant", "one", "--with-namespace", "taken", "--account", "robot"]);
  const refused = await holdfast(["create", "tenant", "two", "--with-namespace", "fresh,taken"]);
  expect([refused.code, refused.err.includes("it is one's")]).toEqual([5, true]);
  expect(await client.get({ apiVersion: "v1", kind: "Namespace", name: "fresh" }, { signal })).toBeNull();
  const account = { apiVersion: "v1", kind: "ServiceAccount", namespace: "taken", name: "robot" };
  expect(await client.get(account, { signal })).not.toBeNull();
  const role = ["create", "tenant", "one", "--with-namespace", "taken", "--account", "robot", "--cluster-role", "view"];
  const kept = await holdfast(role);
  expect([kept.code, kept.err.includes("kubectl delete rolebinding one-reconciler -n taken")]).toEqual([5, true]);
});

test("create tenant --export prints the same and asks no cluster; a name that no namespace has is refused", async () => {
  const printed = await runCli({ home, kubeconfig: "/nowhere" }, [
    "create",
    "tenant",
    "dev-team",
    "--with-namespace",
    "apps",
    "--export",
  ]);
  expect(printed.code).toBe(0);
  expect(printed.out.match(/^kind: .*$/gm)).toEqual(["kind: Namespace", "kind: ServiceAccount", "kind: RoleBinding"]);
  expect(printed.out).toContain("name: cluster-admin");
  expect((await holdfast(["create", "tenant", "dev", "--with-namespace", "Apps"])).code).toBe(2);
});
