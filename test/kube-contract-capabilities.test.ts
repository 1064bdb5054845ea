import { afterAll, expect, test } from "vitest";
import { connectCluster } from "#adapters/kube/cluster-client.ts";
import { HelperPools } from "#adapters/upstream/helper-pools.ts";
import { releaseTools } from "#adapters/upstream/release-tools.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import type { Impersonation } from "#engine/ports.ts";
import { configMap, failure, manager, quick, signal, useContractCluster } from "./support/contract-cluster.ts";
import { statusBody } from "./support/fault-proxy.ts";

const cluster = useContractCluster();
const pools = new HelperPools();
afterAll(() => pools.close());

test("capabilities() names the cluster's version, group versions and kinds", async () => {
  const { kubeVersion, apiVersions } = await cluster().direct.capabilities({ signal });
  expect(kubeVersion).toEqual({
    version: expect.stringMatching(/^v1\.\d+\.\d+/) as unknown,
    major: "1",
    minor: expect.stringMatching(/^\d+\+?$/) as unknown,
  });
  const some = ["apps/v1", "apps/v1/Deployment", "apps/v1/Scale", "autoscaling/v2", "batch/v1/Job", "v1", "v1/Secret"];
  expect(apiVersions).toEqual(expect.arrayContaining(some));
  expect(apiVersions).toEqual([...new Set(apiVersions)].toSorted());
  expect(apiVersions).not.toContain("contract.example.com/v1");
});

test("capabilities() are asked for once, and again after invalidateDiscovery()", async () => {
  const client = connectCluster(cluster().proxy.settings, quick);
  const asked = () => cluster().proxy.requests.filter(({ path }) => path === "/version").length;
  const before = asked();
  await Promise.all([client.capabilities({ signal }), client.capabilities({ signal })]);
  await client.capabilities({ signal });
  expect(asked()).toBe(before + 1);
  await cluster().define("able", {});
  client.invalidateDiscovery();
  const { apiVersions } = await client.capabilities({ signal });
  expect(apiVersions).toEqual(expect.arrayContaining(["contract.example.com/v1", "contract.example.com/v1/Able"]));
  expect(asked()).toBe(before + 2);
  await client.close();
});

test("capabilities() fail where the groups cannot be listed", async () => {
  const client = connectCluster(cluster().proxy.settings, { ...quick, attempts: 1 });
  const act = { kind: "answer", status: 503, body: statusBody(503, "ServiceUnavailable") } as const;
  cluster().proxy.rule({ match: { path: /^\/apis$/ }, act });
  expect(await failure(client.capabilities({ signal }))).toMatchObject({ code: 503, reason: "DiscoveryFailed" });
  cluster().proxy.clear();
  expect((await client.capabilities({ signal })).apiVersions).toContain("apps/v1");
  await client.close();
});

test("a chart looks up what the user that it acts as may see", async () => {
  const namespace = await cluster().namespace();
  await cluster().direct.apply(configMap(namespace, "known", { data: { color: "blue" } }), { manager, signal });
  const tools = releaseTools(pools, cluster().direct);
  const render = async (expression: string, as: Impersonation) => {
    const template = JSON.stringify({ ...configMap(namespace, "a"), data: { said: `{{ ${expression} }}` } });
    const tree = memoryTree({
      "Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.2.3\n",
      "templates/a.yaml": template.replaceAll('\\"', '"'),
    });
    const release = { name: "shop", namespace, revision: 1, isUpgrade: false };
    const postRender = { strategy: "combined", steps: [] } as const;
    const wanted = { tree, path: "", values: [], postRender, release, chartVersion: "", reuse: null };
    const { objects } = await tools.render({ ...wanted, validateSchema: true, as }, signal);
    return (objects[0]!["data"] as { said: string }).said;
  };
  const admin = { user: "somebody", groups: ["system:masters"] };
  const color = `(lookup "v1" "ConfigMap" "${namespace}" "known").data.color`;
  expect(await render(color, admin)).toBe("blue");
  expect(await render(`len (lookup "v1" "ConfigMap" "${namespace}" "").items`, admin)).toBe("2");
  expect(await render(`lookup "apps/v1" "Deployment" "${namespace}" "none"`, admin)).toBe("map[]");
  expect(await render(`lookup "apps/v1" "Nothing" "${namespace}" "none"`, admin)).toBe("map[]");
  await expect(render(color, { user: "stranger" })).rejects.toThrow(
    /cannot look up ConfigMap of v1 as stranger: .*User "stranger" cannot get resource "configmaps"/,
  );
  await expect(render(`lookup "none.example.com/v1" "A" "" ""`, admin)).rejects.toThrow(
    "serves no none.example.com/v1",
  );
});
