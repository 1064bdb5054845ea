import { setTimeout as later } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { changed, config, fingerprint, inventoriesOf, webDeployment } from "../support/seen-objects.ts";
import { publishWeb } from "./takeover-objects.ts";
import { useTakeoverWorld } from "./takeover-world.ts";

const takeover = useTakeoverWorld(publishWeb);

describe("beside a Flux that runs", () => {
  test("nothing is written, and commands tell what would be", async () => {
    const { world, flux, holdfast } = bound();
    const app = await takeover().fluxKustomization("watched", [webDeployment("web"), config("a")]);
    const helm = await takeover().fluxRelease("watched-hr", "web", "1.0.0", { values: { color: "red" } });
    await takeover().shadowed("ks/watched/watched");
    await takeover().shadowed("hr/watched-hr/watched-hr");
    const before = await takeover().versions("watched", "watched-hr");
    await later(3_000);
    expect(await takeover().versions("watched", "watched-hr")).toEqual(before);
    expect(await flux.helm.wouldUpgrade(helm.ref)).toEqual([]);
    expect(await holdfast("diff", "ks/watched")).toMatchObject({ code: 0, out: "" });
    expect((await holdfast("render", "hr/watched-hr")).out).toContain("name: watched-hr-web");
    expect(await holdfast("diff", "hr/watched-hr")).toMatchObject({ code: 0, out: "" });
    expect((await holdfast("why", "hr/watched-hr")).out).toContain("holdfast adopt hr/watched-hr/watched-hr");

    await app.declare([webDeployment("web"), config("a", { value: "2" })]);
    await helm.release("web", "1.1.0", { values: { color: "green" } });
    const changed = await holdfast("diff", "ks/watched");
    expect(changed).toMatchObject({ code: 3, out: expect.stringContaining('+  value: "2"') as string });
    const upgraded = await holdfast("diff", "hr/watched-hr");
    expect(upgraded).toMatchObject({ code: 3, out: expect.stringContaining("+  color: green") as string });
    expect(await world.get(app.space.configMap("a"))).toMatchObject({ data: { value: "1" } });
  });
});

describe("an app that is adopted", () => {
  test("a release is taken over as Flux left it after another upgrade, and later changes are applied", async () => {
    const { world, flux, holdfast } = bound();
    const helm = await takeover().fluxRelease("upgraded", "web", "1.0.0", { values: { color: "red" } });
    await takeover().shadowed("hr/upgraded/upgraded");
    await helm.release("web", "1.1.0", { values: { color: "green" } });
    await flux.helm.released(helm.ref);
    const objects = ["ServiceAccount/upgraded", "ConfigMap/upgraded-config", "ConfigMap/upgraded-extra"];
    const before = await takeover().versions("upgraded");
    const history = (await helm.status("at the second revision", ({ history: all }) => all?.length === 2)).history;
    const web = helm.space.at("apps/v1", "Deployment", "upgraded-web");
    const rollout = fingerprint(await world.get(web));

    expect(await holdfast("adopt", "hr/upgraded")).toMatchObject({
      code: 0,
      out: "hr/upgraded/upgraded is adopted; Flux keeps off it\n",
    });
    await takeover().inPhase("hr/upgraded/upgraded", "synced");
    await later(2_000);
    const after = await takeover().versions("upgraded");
    expect(changed(before, after)).toEqual(["HelmRelease/upgraded/upgraded", ...inventoriesOf(after)]);
    expect(inventoriesOf(after)).toHaveLength(1);
    expect(fingerprint(await world.get(web))).toEqual(rollout);
    const status = await helm.ready(2);
    expect(status.history).toEqual(history);
    expect(await flux.helm.wouldUpgrade(helm.ref)).toEqual([]);
    expect((await world.get(helm.ref))?.["spec"]).toMatchObject({ suspend: true });
    expect(objects.every((name) => Object.keys(after).includes(name.replace("/", "/upgraded/")))).toBe(true);

    await helm.release("web", "1.1.0", { values: { color: "green", extra: false } });
    await helm.ready(3);
    await helm.space.gone(helm.space.configMap("upgraded-extra"));
    expect(fingerprint(await world.get(web))).toEqual(rollout);
  });

  test("an upgrade that Flux is in the middle of is let end, and not done again", async () => {
    const { flux, holdfast } = bound();
    const helm = await takeover().fluxRelease("midway", "web", "1.0.0");
    await takeover().shadowed("hr/midway/midway");
    await helm.release("web", "1.0.0", { values: { color: "green" } });
    await flux.helm.released(helm.ref, async () => {
      await holdfast("adopt", "hr/midway");
      await takeover().inPhase("hr/midway/midway", "sync-failed");
      await later(1_500);
    });
    await takeover().inPhase("hr/midway/midway", "synced");
    await later(2_000);
    const { history } = await helm.ready(2);
    expect(history?.map(({ version, status }) => [version, status])).toEqual([
      [2, "deployed"],
      [1, "superseded"],
    ]);
    expect(await helm.space.present(helm.space.configMap("midway-config"))).toMatchObject({ data: { color: "green" } });
    expect(await flux.helm.wouldUpgrade(helm.ref)).toEqual([]);
  });

  test("what shapes a release besides its chart asks for no upgrade", async () => {
    const { world, flux, holdfast } = bound();
    await world.space("shaped-target");
    const patch = "- {op: add, path: /data/patched, value: more}";
    const helm = await takeover().fluxRelease("shaped", "web", "1.0.0", {
      targetNamespace: "shaped-target",
      releaseName: "shop",
      postRenderers: [{ kustomize: { patches: [{ patch, target: { kind: "ConfigMap", name: "shop-config" } }] } }],
      commonMetadata: { labels: { team: "shop" }, annotations: { owner: "ada" } },
      driftDetection: { mode: "enabled" },
    });
    await takeover().shadowed("hr/shaped/shaped");
    const before = await takeover().versions("shaped", "shaped-target");
    await holdfast("adopt", "hr/shaped");
    await takeover().inPhase("hr/shaped/shaped", "synced");
    await later(2_000);
    const after = await takeover().versions("shaped", "shaped-target");
    expect(changed(before, after)).toEqual(["HelmRelease/shaped/shaped", ...inventoriesOf(after)]);
    expect(await flux.helm.wouldUpgrade(helm.ref)).toEqual([]);
    await world.patch(helm.space.configMap("shop-config", "shaped-target"), { data: { color: "by hand" } });
    await helm.space.holds("shop-config", { color: "blue", patched: "more" }, "shaped-target");
  });

  test("a Kustomization owns what Flux applied meanwhile, and prunes what a commit since removed", async () => {
    const { world, holdfast } = bound();
    const app = await takeover().fluxKustomization("moved", [webDeployment("web"), config("a"), config("b")]);
    await takeover().shadowed("ks/moved/moved");
    await app.declare([webDeployment("web"), config("a"), config("c")]);
    await app.reconciled();
    await world.delete(app.space.configMap("b"));
    const last = await app.declare([webDeployment("web"), config("a")]);
    const gone = await eventuallyOut(() => holdfast("diff", "ks/moved"), "delete /ConfigMap/moved/c");
    expect(gone).not.toContain("update");
    const before = await takeover().versions("moved");
    const web = app.space.at("apps/v1", "Deployment", "web");
    const rollout = fingerprint(await world.get(web));
    await holdfast("adopt", "ks/moved");
    await app.space.gone(app.space.configMap("c"));
    const status = await app.space.applied(last);
    expect(status.inventory?.entries.map(({ id }) => id)).toEqual(["moved_a__ConfigMap", "moved_web_apps_Deployment"]);
    const after = await takeover().versions("moved");
    expect(changed(before, after)).toEqual(["ConfigMap/moved/c", ...inventoriesOf(after), "Kustomization/moved/moved"]);
    expect(fingerprint(await world.get(web))).toEqual(rollout);
  });

  test("apps are adopted by what they are labelled, and a second time nothing happens", async () => {
    const { world, holdfast } = bound();
    const one = await takeover().fluxKustomization("labelled", [config("a")]);
    const two = await takeover().fluxRelease("labelled-hr", "web", "1.0.0");
    const other = await takeover().fluxKustomization("unlabelled", [config("a")]);
    const metadata = { labels: { team: "shop" } };
    for (const ref of [one.space.kustomizationRef(), two.ref]) await world.patch(ref, { metadata });
    expect((await holdfast("adopt", "--selector", "team=shop")).out).toBe(
      "hr/labelled-hr/labelled-hr is adopted; Flux keeps off it\nks/labelled/labelled is adopted; Flux keeps off it\n",
    );
    await takeover().inPhase("ks/labelled/labelled", "synced");
    await takeover().inPhase("hr/labelled-hr/labelled-hr", "synced");
    expect((await holdfast("adopt", "ks/labelled")).out).toContain("is adopted already");
    await takeover().shadowed("ks/unlabelled/unlabelled");
    expect((await world.get(other.space.kustomizationRef()))?.["spec"]).not.toHaveProperty("suspend");
  });

  test("what cannot be rendered or used here is left as Flux tells it until it is adopted", async () => {
    const { world, holdfast } = bound();
    const app = await takeover().fluxKustomization("unusable", [config("a")], { path: "./nowhere" });
    await takeover().inPhase("ks/unusable/unusable", "render-failed");
    const helm = await takeover().fluxRelease("foreign", "web", "1.0.0");
    await takeover().shadowed("hr/foreign/foreign");
    await world.patch(helm.ref, { spec: { upgrade: { serverSideApply: "disabled" } } });
    const before = await takeover().versions("unusable", "foreign");
    await later(2_000);
    expect(await takeover().versions("unusable", "foreign")).toEqual(before);
    await holdfast("adopt", "ks/unusable");
    await app.space.says("path not found");
  });
});

/** Waits until a command prints something. */
async function eventuallyOut(run: () => Promise<{ readonly out: string }>, text: string): Promise<string> {
  return eventually(text, async () => {
    const { out } = await run();
    return out.includes(text) && out;
  });
}

function bound() {
  const { world, flux } = takeover();
  return { world, flux, holdfast: (...args: string[]) => takeover().holdfast(...args) };
}
