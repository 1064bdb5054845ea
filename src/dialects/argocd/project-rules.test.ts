import { describe, expect, test } from "vitest";
import type { Project } from "./project.ts";
import { judgeDestination, judgeKind, judgeSource } from "./project-rules.ts";

const project = (limits: Project["limits"]): Project => ({ name: "team", limits, ownClusters: [] });

describe("judgeSource()", () => {
  const cases: { repos: string[]; url: string; want: boolean }[] = [
    { repos: ["*"], url: "https://git.example/a/b.git", want: true },
    { repos: [], url: "https://git.example/a", want: false },
    { repos: ["https://git.example/*"], url: "https://git.example/a.git", want: true },
    { repos: ["https://git.example/*"], url: "https://git.example/a/b", want: false },
    { repos: ["https://git.example/**"], url: "https://git.example/a/b", want: true },
    { repos: ["https://Git.example/A.git"], url: "https://git.example/a", want: true },
    { repos: ["git@git.example:team/*"], url: "ssh://git@git.example/team/x.git", want: true },
    { repos: ["*", "!https://git.example/secret"], url: "https://git.example/secret.git", want: false },
    { repos: ["!https://git.example/secret", "*"], url: "https://git.example/open", want: true },
  ];
  for (const { repos, url, want } of cases) {
    test(`${JSON.stringify(repos)} ${want ? "allows" : "refuses"} ${url}`, () => {
      expect(judgeSource(project({ sourceRepos: repos }), url).permitted).toBe(want);
    });
  }
});

describe("judgeDestination()", () => {
  const here = { server: "https://kubernetes.default.svc", name: "in-cluster" };
  const cases: {
    entries: { server?: string; name?: string; namespace?: string }[];
    namespace: string;
    want: boolean;
  }[] = [
    { entries: [{ server: "*", namespace: "*" }], namespace: "a", want: true },
    { entries: [{ name: "in-cluster", namespace: "team-*" }], namespace: "team-a", want: true },
    { entries: [{ name: "in-cluster", namespace: "team-*" }], namespace: "other", want: false },
    { entries: [{ server: "https://other", namespace: "*" }], namespace: "a", want: false },
    {
      entries: [
        { server: "*", namespace: "*" },
        { server: "*", namespace: "!kube-system" },
      ],
      namespace: "kube-system",
      want: false,
    },
    { entries: [{ server: "*", namespace: "!kube-system" }], namespace: "shop", want: true },
    {
      entries: [
        { server: "*", namespace: "*" },
        { server: `!${here.server}`, namespace: "*" },
      ],
      namespace: "a",
      want: false,
    },
    { entries: [], namespace: "a", want: false },
  ];
  for (const { entries, namespace, want } of cases) {
    test(`${JSON.stringify(entries)} ${want ? "allows" : "refuses"} ${namespace}`, () => {
      expect(judgeDestination(project({ destinations: entries }), { ...here, namespace }).permitted).toBe(want);
    });
  }
  test("allows a cluster of its own to a project that wants no other", () => {
    const limits = { destinations: [{ server: "*", namespace: "*" }], permitOnlyProjectScopedClusters: true };
    const own = { ...project(limits), ownClusters: [here] };
    expect(judgeDestination(own, { ...here, namespace: "a" })).toEqual({
      permitted: true,
      rule: "spec.destinations[0] (*, *)",
    });
    expect(judgeDestination(own, { server: "https://b", name: "b", namespace: "a" })).toEqual({
      permitted: false,
      rule: "spec.permitOnlyProjectScopedClusters allows clusters of the project alone",
    });
  });
  test("refuses a cluster of nobody to a project that wants its own", () => {
    const limits = { destinations: [{ server: "*", namespace: "*" }], permitOnlyProjectScopedClusters: true };
    expect(judgeDestination(project(limits), { ...here, namespace: "a" }).permitted).toBe(false);
  });
});

describe("judgeKind()", () => {
  const secret = { group: "", kind: "Secret" };
  const role = { group: "rbac.authorization.k8s.io", kind: "ClusterRole" };
  const cases: { name: string; limits: Project["limits"]; kind: typeof role; namespaced: boolean; want: boolean }[] = [
    { name: "no list allows namespaced kinds", limits: {}, kind: secret, namespaced: true, want: true },
    { name: "no list refuses cluster kinds", limits: {}, kind: role, namespaced: false, want: false },
    {
      name: "an empty list refuses namespaced kinds",
      limits: { namespaceResourceWhitelist: [] },
      kind: secret,
      namespaced: true,
      want: false,
    },
    {
      name: "a denial wins",
      limits: { namespaceResourceBlacklist: [secret] },
      kind: secret,
      namespaced: true,
      want: false,
    },
    {
      name: "a denial of cluster kinds wins",
      limits: {
        clusterResourceWhitelist: [{ group: "*", kind: "*" }],
        clusterResourceBlacklist: [role],
      },
      kind: role,
      namespaced: false,
      want: false,
    },
    {
      name: "globs match groups",
      limits: { clusterResourceWhitelist: [{ group: "*.k8s.io", kind: "Cluster*" }] },
      kind: role,
      namespaced: false,
      want: true,
    },
    {
      name: "names limit cluster kinds",
      limits: { clusterResourceWhitelist: [{ ...role, name: "other-*" }] },
      kind: role,
      namespaced: false,
      want: false,
    },
  ];
  for (const { name, limits, kind, namespaced, want } of cases) {
    test(name, () => expect(judgeKind(project(limits), kind, { name: "x", namespaced }).permitted).toBe(want));
  }
});

describe("the rule of a verdict", () => {
  const limits = {
    sourceRepos: ["!https://git.example/secret", "https://git.example/*"],
    destinations: [
      { server: "*", namespace: "!kube-*" },
      { name: "a", namespace: "team" },
    ],
    namespaceResourceBlacklist: [{ group: "", kind: "Secret" }],
    clusterResourceWhitelist: [{ group: "", kind: "Namespace" }],
  };
  const team = project(limits);
  const at = (namespace: string) => ({ server: "https://a", name: "a", namespace });
  test.each([
    [judgeSource(team, "https://git.example/secret"), "spec.sourceRepos[0] (!https://git.example/secret) denies it"],
    [judgeSource(project({}), "https://git.example/a"), "no entry of spec.sourceRepos matches"],
    [judgeDestination(team, at("team")), "spec.destinations[0] (*, !kube-*)"],
    [judgeDestination(team, at("kube-system")), "spec.destinations[0] (*, !kube-*) denies it"],
    [judgeDestination(project({}), at("a")), "no entry of spec.destinations matches"],
    [
      judgeKind(team, { group: "", kind: "Secret" }, { name: "x", namespaced: true }),
      "spec.namespaceResourceBlacklist[0] denies it",
    ],
    [
      judgeKind(team, { group: "", kind: "Pod" }, { name: "x", namespaced: true }),
      "spec.namespaceResourceWhitelist is absent, which allows all",
    ],
    [
      judgeKind(team, { group: "", kind: "Node" }, { name: "x", namespaced: false }),
      "no entry of spec.clusterResourceWhitelist matches",
    ],
  ])("%o is named", ({ rule }, want) => {
    expect(rule).toBe(want);
  });
});
