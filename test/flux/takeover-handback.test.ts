import { setTimeout as later } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { changed, config, fingerprint, inventoriesOf, webDeployment } from "../support/seen-objects.ts";
import { publishWeb } from "./takeover-objects.ts";
import { useTakeoverWorld } from "./takeover-world.ts";

const takeover = useTakeoverWorld(publishWeb);
const ADOPTED = "holdfast.dev/adopted";

describe("an app that is given back", () => {
  test("a release that was upgraded here is in sync for a Flux that starts again", async () => {
    const { world, flux, holdfast } = bound();
    const helm = await takeover().fluxRelease("returned", "web", "1.0.0", {
      values: { color: "red" },
      commonMetadata: { labels: { team: "shop" } },
    });
    await adopted("hr", "returned");
    await helm.release("web", "1.1.0", { values: { color: "green", extra: false } });
    await helm.ready(2);
    await helm.space.gone(helm.space.configMap("returned-extra"));
    const before = await takeover().versions("returned");
    const web = helm.space.at("apps/v1", "Deployment", "returned-web");
    const rollout = fingerprint(await world.get(web));

    expect((await holdfast("release", "hr/returned")).out).toBe("hr/returned/returned is released to Flux\n");
    await takeover().shadowed("hr/returned/returned");
    await later(2_000);
    const after = await takeover().versions("returned");
    expect(changed(before, after)).toEqual(["HelmRelease/returned/returned"]);
    const object = await world.get(helm.ref);
    expect(object?.["spec"]).toMatchObject({ suspend: false });
    expect(object?.metadata.annotations ?? {}).not.toHaveProperty(ADOPTED);
    expect(await flux.helm.wouldUpgrade(helm.ref)).toEqual([]);
    expect(object?.["status"]).toMatchObject({ helmChart: "returned/returned-returned" });
    expect(Object.keys(after)).toContain("HelmChart/returned/returned-returned");
    expect(fingerprint(await world.get(web))).toEqual(rollout);

    await helm.release("web", "1.1.0", { values: { color: "blue", extra: false } });
    await flux.helm.released(helm.ref);
    await helm.space.holds("returned-config", { color: "blue" });
    await later(2_000);
    expect(await flux.helm.wouldUpgrade(helm.ref)).toEqual([]);
    await adopted("hr", "returned");
    expect((await helm.ready(3)).history?.map(({ version }) => version)).toEqual([3, 2]);
    expect(await flux.helm.wouldUpgrade(helm.ref)).toEqual([]);
  });

  test("a release in the middle of an upgrade is not given back", async () => {
    const { world, flux, holdfast } = bound();
    const helm = await takeover().fluxRelease("busy", "web", "1.0.0");
    await adopted("hr", "busy");
    await helm.release("web", "2.0.0", { timeout: "1m" });
    await eventually("the upgrade is under way", async () => {
      const secret = await world.get(helm.space.at("v1", "Secret", "sh.helm.release.v1.busy.v2"));
      return secret?.metadata.labels?.["status"] === "pending-upgrade";
    });
    expect(await holdfast("release", "hr/busy")).toMatchObject({
      code: 5,
      err: expect.stringContaining("revision 2 is pending-upgrade") as string,
    });
    await helm.release("web", "1.0.0");
    await helm.ready(3);
    expect(await holdfast("release", "hr/busy")).toMatchObject({ code: 0 });
    await takeover().shadowed("hr/busy/busy");
    expect(await flux.helm.wouldUpgrade(helm.ref)).toEqual([]);
  });

  test("what commits removed meanwhile is nobody's, and Flux finds nothing to write", async () => {
    const { world, holdfast } = bound();
    const port = { ports: [{ containerPort: 8080, protocol: "TCP" }], env: [{ name: "COLOR", value: "red" }] };
    const first = [webDeployment("web", port), config("a", { value: "1", old: "1" }), config("b")];
    const app = await takeover().fluxKustomization("returned-ks", first);
    await adopted("ks", "returned-ks");
    const commit = await app.declare([webDeployment("web"), config("a")]);
    const status = await app.space.applied(commit);
    expect(status.inventory?.entries).toHaveLength(2);
    await app.space.gone(app.space.configMap("b"));
    await app.space.holds("a", { value: "1" });
    const web = app.space.at("apps/v1", "Deployment", "web");
    const live = (await world.get(web))?.["spec"] as { template: { spec: { containers: readonly object[] } } };
    expect(live.template.spec.containers[0]).not.toHaveProperty("env");
    expect(live.template.spec.containers[0]).not.toHaveProperty("ports");
    const owners = (await world.get(web))?.metadata.managedFields?.filter(({ operation }) => operation === "Apply");
    expect(owners?.map(({ manager }) => manager)).toEqual(["kustomize-controller"]);

    await holdfast("release", "ks/returned-ks");
    await takeover().shadowed("ks/returned-ks/returned-ks");
    const before = await takeover().versions("returned-ks");
    await app.reconciled();
    const after = await takeover().versions("returned-ks");
    expect(changed(before, after)).toEqual([
      "GitRepository/returned-ks/returned-ks",
      "Kustomization/returned-ks/returned-ks",
    ]);
    expect(inventoriesOf(after)).toHaveLength(1);
  });

  test("what Flux added after it was given back is owned and pruned when it is adopted once more", async () => {
    const { holdfast } = bound();
    const app = await takeover().fluxKustomization("again", [config("a"), config("b")]);
    await adopted("ks", "again");
    await holdfast("release", "ks/again");
    await takeover().shadowed("ks/again/again");
    await app.declare([config("a"), config("b"), config("c")]);
    await app.reconciled();
    const last = await app.declare([config("a"), config("b")]);
    await adopted("ks", "again");
    await app.space.gone(app.space.configMap("c"));
    const { inventory } = await app.space.applied(last);
    expect(inventory?.entries.map(({ id }) => id)).toEqual(["again_a__ConfigMap", "again_b__ConfigMap"]);
  });

  test("an app whose Flux was let in again by somebody is Flux's until it is adopted once more", async () => {
    const { world, holdfast } = bound();
    const app = await takeover().fluxKustomization("resumed", [config("a")]);
    await adopted("ks", "resumed");
    await world.patch(app.space.kustomizationRef(), { spec: { suspend: false } }, { manager: "flux" });
    await takeover().shadowed("ks/resumed/resumed");
    await app.declare([config("a", { value: "2" })]);
    await later(2_000);
    expect(await world.get(app.space.configMap("a"))).toMatchObject({ data: { value: "1" } });
    expect((await holdfast("why", "ks/resumed")).out).toContain("holdfast adopt ks/resumed/resumed");
    expect((await holdfast("adopt", "ks/resumed")).out).toContain("is adopted again");
    await app.space.holds("a", { value: "2" });
  });

  test("an app that was suspended before it was adopted stays so afterwards", async () => {
    const { world, holdfast } = bound();
    const app = await takeover().fluxKustomization("stood-still", [config("a")], { suspend: true });
    const ref = app.space.kustomizationRef();
    await holdfast("adopt", "ks/stood-still");
    await takeover().inPhase("ks/stood-still/stood-still", "suspended");
    await holdfast("release", "ks/stood-still");
    expect((await world.get(ref))?.["spec"]).toMatchObject({ suspend: true });
  });
});

/** Adopts an app that the controller has looked at, and waits until it serves it. */
async function adopted(kind: "hr" | "ks", name: string): Promise<void> {
  await takeover().shadowed(`${kind}/${name}/${name}`);
  expect(await takeover().holdfast("adopt", `${kind}/${name}`)).toMatchObject({ code: 0 });
  await takeover().inPhase(`${kind}/${name}/${name}`, "synced");
}

function bound() {
  const { world, flux } = takeover();
  return { world, flux, holdfast: (...args: string[]) => takeover().holdfast(...args) };
}
