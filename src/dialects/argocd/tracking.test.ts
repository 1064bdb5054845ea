import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { argoRules } from "./rules.ts";
import { usualArgoSettings } from "./settings.ts";
import type { TrackingSettings } from "./settings-tracking.ts";
import { application, parsed } from "./testdata/build-app.ts";

const app = parsed(application());
const TRACKING = "argocd.argoproj.io/tracking-id";
const INSTALLATION = "argocd.argoproj.io/installation-id";

function rulesFor(tracking: Partial<TrackingSettings>) {
  const settings = { ...usualArgoSettings, tracking: { ...usualArgoSettings.tracking, ...tracking } };
  return argoRules("argocd", settings);
}

function configMap(metadata: Partial<Resource["metadata"]> = {}): Resource {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "shop", ...metadata } };
}

const SHOP = "app/argocd/shop";

describe("tracking", () => {
  test("by label writes the app's name and no annotation", () => {
    const rules = rulesFor({ method: "label", labelKey: "example.com/app", installationId: "one" });
    const { labels, annotations } = rules.mark(configMap(), app).metadata;
    expect(labels).toEqual({ "holdfast.dev/app": "shop", "example.com/app": "shop" });
    expect(annotations).toBeUndefined();
    expect(rules.ownerOf(configMap({ labels: { "example.com/app": "team_cart" } }))).toBe("app/team/cart");
    expect(rules.ownerOf(configMap({ labels: { "app.kubernetes.io/instance": "shop" } }))).toBeNull();
  });

  test("by annotation and label believes the annotation alone, and cuts a long label", () => {
    const rules = rulesFor({ method: "annotation+label" });
    const marked = rules.mark(configMap(), app);
    expect(marked.metadata.annotations).toEqual({ [TRACKING]: "shop:/ConfigMap:shop/a" });
    expect(marked.metadata.labels).toMatchObject({ "app.kubernetes.io/instance": "shop" });
    expect(rules.ownerOf({ ...marked, metadata: { ...marked.metadata, name: "copy" } })).toBeNull();
    const long = parsed(application({}, { metadata: { name: `${"x".repeat(62)}-${"y".repeat(60)}` } }));
    expect(rules.mark(configMap(), long).metadata.labels?.["app.kubernetes.io/instance"]).toBe("x".repeat(62));
  });

  test("tells installations apart by their id", () => {
    const [one, two, none] = [rulesFor({ installationId: "one" }), rulesFor({ installationId: "two" }), rulesFor({})];
    const marked = one.mark(configMap(), app);
    expect(marked.metadata.annotations?.[INSTALLATION]).toBe("one");
    expect(one.ownerOf(marked)).toBe(SHOP);
    expect(two.ownerOf(marked)).toBeNull();
    expect(two.ownerOf(none.mark(configMap(), app))).toBeNull();
    expect(none.ownerOf(marked)).toBe(SHOP);
  });

  test("knows what another method marked before", () => {
    const methods = ["annotation", "annotation+label", "label"] as const;
    for (const before of methods) {
      const marked = rulesFor({ method: before }).mark(configMap(), app);
      for (const now of methods)
        expect([before, now, rulesFor({ method: now }).ownerOf(marked)]).toEqual([before, now, SHOP]);
    }
  });

  test("does not take a label that charts write for a mark", () => {
    const labels = { "app.kubernetes.io/instance": "shop" };
    expect(rulesFor({}).ownerOf(configMap({ labels }))).toBeNull();
    expect(rulesFor({ method: "annotation+label" }).ownerOf(configMap({ labels }))).toBeNull();
  });

  test("never deletes an object that another object owns, nor compares it", () => {
    const owner = { apiVersion: "v1", kind: "Pod", name: "p", uid: "u" };
    const rules = rulesFor({});
    const owned = configMap({ ownerReferences: [owner] });
    expect(rules.optionsOf(owned, owned, app)).toMatchObject({ prune: false, counted: false });
    expect(rules.optionsOf(configMap(), owned, app)).toMatchObject({ counted: true });
  });
});
