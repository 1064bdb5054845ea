import { expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { type RemoteBase, sourceOfBase } from "#core/source/remote-base.ts";
import { openedBase } from "./open-source.ts";
import { usualArgoSettings } from "./settings.ts";
import { application, problemsOf } from "./testdata/build-app.ts";
import { declaring, lookupIn, textsOf } from "./testdata/secrets.ts";

const chart = (url: string): RemoteBase => ({ kind: "chart", url, ref: "1.x", noSubmodules: false, chart: "web" });
const login = (url: string) => declaring("repository", "charts", { url, type: "helm", username: "u", password: "p" });

function opened(base: RemoteBase, ...objects: Resource[]) {
  const inProject = {
    project: "default",
    lookup: lookupIn(...objects),
    controlNamespace: "argocd",
    argo: usualArgoSettings,
  };
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

test("a registry is asked as the controller's Azure identity, without TLS or without a check, as its Secret says", () => {
  const url = "oci://registry.example/charts";
  const remoteOf = (more: Record<string, string>) => {
    const secret = declaring("repository", "charts", { url, type: "helm", ...more });
    const inProject = {
      project: "default",
      lookup: lookupIn(secret),
      controlNamespace: "argocd",
      argo: usualArgoSettings,
    };
    return openedBase(sourceOfBase(chart(url), 1_000), inProject).remote;
  };
  expect(remoteOf({ useAzureWorkloadIdentity: "true" })).toMatchObject({ cloud: "azure" });
  expect(remoteOf({ insecureOCIForceHttp: "true" })).toMatchObject({ insecure: true });
  expect(remoteOf({ insecure: "true" })).toMatchObject({ unverified: true });
  expect(remoteOf({})).not.toHaveProperty("cloud");
});

test("a key of Google Cloud is refused by its name for Git", () => {
  const url = "https://git.example/shop.git";
  const secret = declaring("repository", "own", { url, gcpServiceAccountKey: "{}" });
  expect(problemsOf(application(), lookupIn(secret))).toEqual([
    "Secret argocd/own: gcpServiceAccountKey is not supported yet",
  ]);
});
