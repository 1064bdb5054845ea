import { describe, expect, test } from "vitest";
import { isExcluded } from "./settings-exclusions.ts";
import { parseSettings, usualArgoSettings } from "./settings.ts";

const HOME = { server: "https://kubernetes.default.svc" };

function exclusions(keys: Readonly<Record<string, string>>) {
  const data = Object.fromEntries(Object.entries(keys).map(([key, text]) => [`resource.${key}`, text]));
  const { settings, problems } = parseSettings({ "argocd-cm": data }, usualArgoSettings);
  const says = (group: string, kind: string, cluster = HOME) =>
    isExcluded(settings.exclusions, { group, kind }, cluster);
  return { says, problems };
}

describe("isExcluded()", () => {
  test("always excludes events, metrics and leases", () => {
    const { says } = exclusions({});
    expect([says("", "Event"), says("events.k8s.io", "Event"), says("metrics.k8s.io", "PodMetrics")]).toEqual([
      true,
      true,
      true,
    ]);
    expect([says("coordination.k8s.io", "Lease"), says("", "Endpoints"), says("apps", "Event")]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test("matches group, kind and cluster by globs; what is left out means all", () => {
    const { says } = exclusions({
      exclusions: `
        - apiGroups: ["*.cilium.io", ""]
          kinds: ["Cilium*", Endpoints]
          clusters: ["*"]
        - kinds: [Secret]
          clusters: ["https://*.example.com"]`,
    });
    expect(says("x.cilium.io", "CiliumIdentity")).toBe(true);
    expect(says("", "Endpoints")).toBe(true);
    expect(says("discovery.k8s.io", "Endpoints")).toBe(false);
    expect(says("", "Secret")).toBe(false);
    expect(says("", "Secret", { server: "https://a.example.com" })).toBe(true);
  });

  test("leaves only what is included, less what is excluded", () => {
    const { says } = exclusions({
      inclusions: "- {apiGroups: [apps], kinds: ['*']}",
      exclusions: "- {apiGroups: [apps], kinds: [StatefulSet]}",
    });
    expect([says("apps", "Deployment"), says("apps", "StatefulSet"), says("", "Secret")]).toEqual([false, true, true]);
  });

  for (const text of ["apiGroups: []", "- a", "- {kinds: x}", "- [", "- {kinds: [1]}"]) {
    test(`excludes nothing by ${text}, and names the key`, () => {
      const { says, problems } = exclusions({ exclusions: text });
      expect(problems.map(({ path }) => path)).toEqual(["resource.exclusions"]);
      expect(says("", "Secret")).toBe(false);
    });
  }
});
