import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { stableText } from "#core/resource/stable-text.ts";
import { repositoryAccess } from "./repository-access.ts";
import { usualArgoSettings } from "./settings.ts";
import { configured, declaring, lookupIn, textsOf } from "./testdata/secrets.ts";

const URL = "https://git.example/team/shop.git";

function access(objects: readonly Resource[], url = URL, project = "default") {
  return repositoryAccess({
    url,
    project,
    lookup: lookupIn(...objects),
    controlNamespace: "argocd",
    argo: usualArgoSettings,
  });
}

function opened(objects: readonly Resource[], url = URL, project = "default") {
  const found = access(objects, url, project);
  if (!found.ok) throw new Error(found.error.map(({ message }) => message).join());
  const { credential, certificate, proxy } = found.value.held?.open() ?? {};
  return { ...found.value, credential: textsOf(credential), certificate: textsOf(certificate), proxy: textsOf(proxy) };
}

function problems(objects: readonly Resource[]): readonly string[] {
  const found = access(objects);
  return found.ok ? [] : found.error.map(({ message }) => message);
}

describe("which Secret counts", () => {
  const repository = (name: string, data: Record<string, string>) => declaring("repository", name, data);
  const template = (name: string, data: Record<string, string>) => declaring("repo-creds", name, data);

  test("nothing is held for an address that nobody declares", () => {
    expect(access([repository("other", { url: "https://git.example/other", password: "p" })])).toMatchObject({
      ok: true,
      value: { type: null, scope: "" },
    });
    expect(opened([]).held).toBeUndefined();
  });

  test("addresses are compared without case, `.git` and the spelling of SSH", () => {
    const own = repository("own", { url: "https://GIT.example/Team/shop", username: "u", password: "p" });
    expect(opened([own]).credential).toEqual({ username: "u", password: "p" });
    const ssh = repository("ssh", { url: "git@git.example:team/shop.git", sshPrivateKey: "KEY" });
    const hosts = configured("argocd-ssh-known-hosts-cm", { ssh_known_hosts: "git.example ssh-ed25519 AAAA" });
    expect(opened([ssh, hosts], "ssh://git@git.example/team/shop").credential).toEqual({
      identity: "KEY",
      known_hosts: "git.example ssh-ed25519 AAAA",
    });
  });

  test("the repository of an app's own project comes before that of all, and no other project's counts", () => {
    const all = repository("all", { url: URL, password: "all" });
    const own = repository("own", { url: URL, password: "own", project: "team" });
    expect(opened([all, own], URL, "team")).toMatchObject({
      credential: { password: "own" },
      scope: " of argocd/own",
    });
    expect(opened([all, own], URL, "other")).toMatchObject({ credential: { password: "all" }, scope: "" });
    expect(opened([own], URL, "other").credential).toEqual({});
  });

  test("a repository without credentials takes those of the template with the longest beginning", () => {
    const templates = [
      template("host", { url: "https://git.example", password: "host" }),
      template("team", { url: "https://git.example/team", password: "team", proxy: "http://proxy.example:3128" }),
      template("else", { url: "https://git.example/else", password: "else" }),
    ];
    const bare = repository("bare", { url: URL, insecure: "true" });
    expect(opened([...templates, bare])).toMatchObject({
      insecure: true,
      credential: { password: "team" },
      proxy: { address: "http://proxy.example:3128" },
    });
    expect(opened(templates, "https://git.example/a/b").credential).toEqual({ username: "", password: "host" });
    const own = repository("own", { url: URL, username: "me", password: "own" });
    expect(opened([...templates, own]).credential).toEqual({ username: "me", password: "own" });
  });

  test("a template for a host gives nothing to a host whose name only begins like it", () => {
    const host = template("host", { url: "https://git.example", password: "host" });
    expect(opened([host], "https://git.example.attacker.example/x").credential).toEqual({});
    expect(opened([host], "https://git.example:8443/x").credential).toMatchObject({ password: "host" });
  });
});

describe("what is held", () => {
  test("names Secrets and versions, and shows nothing of what they hold in any text", () => {
    const first = access([declaring("repository", "own", { url: URL, password: "hunter2" })]);
    const second = access([declaring("repository", "own", { url: URL, password: "hunter2" })]);
    const [before, after] = [first, second].map((found) => (found.ok ? found.value.held?.version : ""));
    expect(before).not.toBe(after);
    expect(`${stableText(first)}${JSON.stringify(first)}`).not.toMatch(/hunter2|aHVudGVyMg/);
  });

  test("certificates are those of the client and of the host's authorities", () => {
    const tls = declaring("repository", "own", { url: URL, tlsClientCertData: "CERT", tlsClientCertKey: "KEY" });
    const authorities = configured("argocd-tls-certs-cm", { "git.example": "CA", "other.example": "OTHER" });
    expect(opened([tls, authorities]).certificate).toEqual({ "ca.crt": "CA", "tls.crt": "CERT", "tls.key": "KEY" });
    expect(opened([authorities], "https://git.example:8443/x").certificate).toEqual({ "ca.crt": "CA" });
    expect(opened([authorities], "registry.example/charts").certificate).toEqual({});
  });

  test("an app at GitHub is its numbers and key, or its account where it has no installation", () => {
    const app = { url: URL, githubAppID: "7", githubAppPrivateKey: "KEY", githubAppEnterpriseBaseUrl: "https://api" };
    expect(opened([declaring("repository", "app", { ...app, githubAppInstallationID: "9" })])).toMatchObject({
      githubApp: true,
      credential: {
        githubAppID: "7",
        githubAppInstallationID: "9",
        githubAppBaseURL: "https://api",
        githubAppPrivateKey: "KEY",
      },
    });
    expect(opened([declaring("repository", "app", app)]).credential).toMatchObject({
      githubAppInstallationOwner: "team",
    });
  });

  test("a bearer token is one, and a password comes before it", () => {
    expect(opened([declaring("repository", "own", { url: URL, bearerToken: "T" })]).credential).toEqual({
      bearerToken: "T",
    });
    const both = { url: URL, bearerToken: "T", username: "u", password: "p" };
    expect(opened([declaring("repository", "own", both)]).credential).toEqual({ username: "u", password: "p" });
  });

  test("no proxy is used for hosts that are exempt from it", () => {
    const through = (noProxy: string) =>
      opened([declaring("repository", "own", { url: URL, proxy: "http://proxy.example", noProxy })]).proxy;
    expect(through("")).toEqual({ address: "http://proxy.example" });
    expect(through("a.example, .example")).toEqual({});
  });
});

describe("bad Secrets", () => {
  test.each([
    [{ url: URL, type: "svn" }, "Secret argocd/bad: type is none of git, helm and oci"],
    [{ url: URL, insecure: "maybe" }, "Secret argocd/bad: insecure is neither true nor false"],
    [{ url: URL, githubAppID: "seven" }, "Secret argocd/bad: githubAppID is no number"],
    [
      { url: URL, proxy: "http://p", noProxy: "10.0.0.0/99" },
      'Secret argocd/bad: noProxy names "10.0.0.0/99", which is no IPv4 range',
    ],
  ])("%o is told by its entry", (data, message) => {
    expect(problems([declaring("repository", "bad", data as unknown as Record<string, string>)])).toEqual([message]);
  });

  test("one without an address, or for another address, is no other's problem", () => {
    expect(problems([declaring("repository", "bad", { type: "svn" })])).toEqual([]);
    expect(problems([declaring("repository", "bad", { url: "https://else.example", type: "svn" })])).toEqual([]);
  });
});
