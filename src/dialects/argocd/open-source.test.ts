import { expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { type RemoteBase, sourceOfBase } from "#core/source/remote-base.ts";
import { openedBase } from "./open-source.ts";
import { usualArgoSettings } from "./settings.ts";
import { application, parsed } from "./testdata/build-app.ts";
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

test("a repository that is called by its name has the address and the login that its Secret says", () => {
  const secret = (name: string, fields: Record<string, string>) =>
    declaring("repository", name, { type: "helm", username: "u", password: "p", ...fields });
  const web = secret("web", { url: "https://charts.example/web", name: "stable" });
  const own = secret("own", { url: "registry.example/own", name: "stable", enableOCI: "true", project: "team" });
  const git = secret("git", { url: "https://git.example/x", name: "stable", type: "git" });
  const sourceOf = (url: string, project: string, ...objects: Resource[]) => {
    const inProject = { project, lookup: lookupIn(...objects), controlNamespace: "argocd", argo: usualArgoSettings };
    return openedBase(sourceOfBase(chart(url), 1_000), inProject);
  };
  for (const name of ["@stable", "alias:stable"]) {
    const source = sourceOf(name, "default", git, own, web);
    expect(source.url).toBe("https://charts.example/web");
    expect(textsOf(source.held?.open().credential)).toEqual({ username: "u", password: "p" });
  }
  const limits = { sourceRepos: ["*"] };
  const team = {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "AppProject",
    metadata: { name: "team", namespace: "argocd" },
  };
  const inTeam = sourceOf("@stable", "team", web, own, { ...team, spec: limits });
  expect(inTeam.url).toBe("oci://registry.example/own/web");
  expect(inTeam.key).not.toBe(sourceOf("@stable", "default", web).key);
  const closed = { ...team, spec: { sourceRepos: ["https://other.example/*"] } };
  expect(sourceOf("@stable", "team", web, closed).url).toBe("@stable");
  expect(sourceOf("@unknown", "default", web).url).toBe("@unknown");
});

test("a key of Google Cloud logs in to Git where nothing else does", () => {
  const url = "https://git.example/shop.git";
  const remoteOf = (more: Record<string, string>) => {
    const secret = declaring("repository", "own", { url, gcpServiceAccountKey: "{}", ...more });
    const app = parsed(application(), lookupIn(secret));
    return { ...app.sources[0]?.inline?.remote, held: textsOf(app.sources[0]?.inline?.held?.open().credential) };
  };
  expect(remoteOf({})).toMatchObject({ gcpKey: true, held: { gcpServiceAccountKey: "{}" } });
  const plain = remoteOf({ username: "u", password: "p" });
  expect([plain.held, "gcpKey" in plain]).toEqual([{ username: "u", password: "p" }, false]);
});
