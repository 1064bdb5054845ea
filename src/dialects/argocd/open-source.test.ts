import { expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { type RemoteBase, sourceOfBase } from "#core/source/remote-base.ts";
import { openedBase } from "./open-source.ts";
import { declaring, lookupIn, textsOf } from "./testdata/secrets.ts";

const chart = (url: string): RemoteBase => ({ kind: "chart", url, ref: "1.x", noSubmodules: false, chart: "web" });
const login = (url: string) => declaring("repository", "charts", { url, type: "helm", username: "u", password: "p" });

function opened(base: RemoteBase, ...objects: Resource[]) {
  const inProject = { project: "default", lookup: lookupIn(...objects), controlNamespace: "argocd" };
  return textsOf(openedBase(sourceOfBase(base, 1_000), inProject).held?.open().credential);
}

test("the repository of a dependency is opened as its Secret says, be it with a scheme or without", () => {
  const web = "https://charts.example/stable";
  expect(opened(chart(web), login(web))).toEqual({ username: "u", password: "p" });
  expect(opened(chart("https://other.example"), login(web))).toEqual({});
  const registry = "oci://registry.example/charts";
  expect(opened(chart(registry), login(registry))).toEqual({ username: "u", password: "p" });
  expect(opened(chart(registry), login("registry.example/charts"))).toEqual({ username: "u", password: "p" });
});

test("the repository of a dependency that the project does not allow is opened as anybody may", () => {
  const web = "https://charts.example/stable";
  const project = {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "AppProject",
    metadata: { name: "default", namespace: "argocd" },
    spec: { sourceRepos: ["https://git.example/*"], destinations: [] },
  };
  expect(opened(chart(web), login(web), project)).toEqual({});
});
