import { describe, expect, test } from "vitest";
import { permitsDestination, permitsKind, permitsSource, type Project } from "./project.ts";

const project = (limits: Project["limits"]): Project => ({ name: "team", limits });

describe("permitsSource()", () => {
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
      expect(permitsSource(project({ sourceRepos: repos }), url)).toBe(want);
    });
  }
});

describe("permitsDestination()", () => {
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
      expect(permitsDestination(project({ destinations: entries }), { ...here, namespace })).toBe(want);
    });
  }
  test("refuses a cluster of nobody to a project that wants its own", () => {
    const limits = { destinations: [{ server: "*", namespace: "*" }], permitOnlyProjectScopedClusters: true };
    expect(permitsDestination(project(limits), { ...here, namespace: "a" })).toBe(false);
  });
});

describe("permitsKind()", () => {
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
    test(name, () => expect(permitsKind(project(limits), kind, { name: "x", namespaced })).toBe(want));
  }
});
