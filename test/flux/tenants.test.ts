import { describe, expect, test } from "vitest";
import { usualSettings } from "#core/app/settings.ts";
import { parseLabelSelector } from "#core/policy/label-selector.ts";
import { eventually } from "../support/eventually.ts";
import { configMap, type Space, useFluxWorld } from "./flux-world.ts";

const text = "sharding.fluxcd.io/key=one";
const selector = parseLabelSelector(text);
if (!selector.ok) throw new Error(selector.error);

const world = useFluxWorld({
  controller: {
    shard: { text, parsed: selector.value },
    vendorSettings: {
      ...usualSettings("argocd"),
      ownNamespaceOnly: true,
      defaultServiceAccount: "tenant",
      remoteBases: false,
    },
  },
});

/** Gives the Kustomization a label, or takes it away. */
async function shard(space: Space, key: string | null): Promise<void> {
  await world().patch(space.kustomizationRef(), { metadata: { labels: { "sharding.fluxcd.io/key": key } } });
}

async function account(space: Space, verbs: readonly string[]): Promise<void> {
  const namespace = space.name;
  await world().apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "tenant", namespace } });
  const rbac = "rbac.authorization.k8s.io";
  const rules = [{ apiGroups: [""], resources: ["configmaps"], verbs }];
  await world().apply({ apiVersion: `${rbac}/v1`, kind: "Role", metadata: { name: "tenant", namespace }, rules });
  await world().apply({
    apiVersion: `${rbac}/v1`,
    kind: "RoleBinding",
    metadata: { name: "tenant", namespace },
    roleRef: { apiGroup: rbac, kind: "Role", name: "tenant" },
    subjects: [{ kind: "ServiceAccount", name: "tenant", namespace }],
  });
}

describe.concurrent("a controller with tenants", () => {
  test("refuses what a kustomization takes from other repositories", async () => {
    const space = await world().space("baseless");
    await account(space, ["*"]);
    await world().git.commit("elsewhere", { "kustomization.yaml": "resources: []\n" });
    const elsewhere = world().git.url("elsewhere");
    await space.commit({ "app/kustomization.yaml": `resources: ["${elsewhere}?ref=main"]\n` });
    await space.kustomization();
    await shard(space, "one");
    const refused = await space.says("--no-remote-bases forbids this");
    expect(refused).toMatchObject({ reason: "BuildFailed" });
    expect(refused.message).toContain(`${elsewhere}?ref=main`);
  });

  test("serves the apps of its shard, from the moment they belong to it until they leave", async () => {
    const space = await world().space("sharded");
    await account(space, ["*"]);
    const first = await space.commit({ "app/a.yaml": configMap("a") });
    await space.kustomization();
    await eventually("the source is read", async () => world().engine.controller.ready);
    expect(await world().get(space.configMap("a"))).toBeNull();
    await shard(space, "one");
    await space.applied(first);
    await shard(space, "two");
    await eventually("the app has left", () => {
      return Promise.resolve(
        world()
          .engine.controller.context.registry.apps()
          .every(({ key }) => !key.includes("sharded")),
      );
    });
    await world().patch(space.configMap("a"), { data: { value: "by hand" } });
    await shard(space, "one");
    await space.holds("a", { value: "1" });
  });

  test("acts as the tenant's account where an app names none", async () => {
    const space = await world().space("accounts");
    await account(space, ["get", "list", "watch"]);
    const commit = await space.commit({ "app/a.yaml": configMap("a") });
    await space.kustomization();
    await shard(space, "one");
    const refused = await space.says('User "system:serviceaccount:accounts:tenant" cannot patch', {});
    expect(refused.status).toBe("False");
    await account(space, ["*"]);
    await space.applied(commit);
  });

  test("refuses a source of another namespace", async () => {
    const space = await world().space("borrowing");
    const sourceRef = { kind: "GitRepository", name: "apps", namespace: "lending" };
    await space.kustomization({ sourceRef });
    await shard(space, "one");
    const refused = await space.says("cross-namespace references have been blocked", {});
    expect(refused.message).toContain("can't access 'GitRepository/lending/apps'");
  });
});
