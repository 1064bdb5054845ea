import { describe, expect, test } from "vitest";
import { hookEventOf, hookServiceOf } from "./hook-event.ts";
import { repositoryPlace } from "./repository-place.ts";

const HERE = "https://git.example/team/shop";
const github = { repository: { html_url: HERE, clone_url: `${HERE}.git`, ssh_url: "git@git.example:team/shop.git" } };

describe("hookServiceOf() and hookEventOf()", () => {
  const cases: readonly [service: string, headers: Record<string, string>, body: unknown, aboutPullRequest: boolean][] =
    [
      ["github", { "x-github-event": "push" }, github, false],
      ["github", { "x-github-event": "pull_request" }, github, true],
      ["gogs", { "x-github-event": "push", "x-gogs-event": "push", "x-gitea-event": "push" }, github, false],
      ["gitlab", { "x-gitlab-event": "Push Hook" }, { project: { web_url: HERE } }, false],
      ["gitlab", { "x-gitlab-event": "Merge Request Hook" }, { project: { web_url: HERE } }, true],
      [
        "bitbucket",
        { "x-hook-uuid": "u", "x-event-key": "repo:push" },
        { repository: { links: { html: { href: HERE } } } },
        false,
      ],
      [
        "bitbucketserver",
        { "x-event-key": "pr:opened" },
        { repository: { links: { clone: [{ href: `${HERE}.git`, name: "http" }] } } },
        true,
      ],
      [
        "azuredevops",
        { "x-vss-activityid": "1" },
        { eventType: "git.pullrequest.created", resource: { repository: { remoteUrl: HERE } } },
        true,
      ],
    ];
  for (const [service, headers, body, aboutPullRequest] of cases) {
    test(`know ${service} by ${Object.keys(headers).join(", ")}${aboutPullRequest ? ", with a pull request" : ""}`, () => {
      expect(hookServiceOf(headers)).toBe(service);
      const event = hookEventOf(service as "github", headers, body);
      expect(event.aboutPullRequest).toBe(aboutPullRequest);
      expect(new Set(event.urls.map(repositoryPlace))).toEqual(new Set(["git.example/team/shop"]));
    });
  }

  test("take nothing from who is not known, nor from what they cannot read", () => {
    expect(hookServiceOf({ "x-event": "push" })).toBeNull();
    for (const body of [
      null,
      [],
      "x",
      { repository: [] },
      { repository: { html_url: 1 } },
      JSON.parse('{"__proto__": {}}'),
    ]) {
      expect(hookEventOf("github", {}, body)).toEqual({ urls: [], aboutPullRequest: false });
    }
  });
});

describe("repositoryPlace()", () => {
  for (const url of [
    "https://Git.example/team/shop.git",
    "https://user:word@git.example:8443/team/shop/",
    "git@git.example:team/shop.git",
    "ssh://git@ssh.git.example:443/team/shop",
    "git://git.example/team/shop",
  ]) {
    test(`tells where ${url} is`, () => expect(repositoryPlace(url)).toBe("git.example/team/shop"));
  }

  test("is one for both addresses of Azure DevOps", () => {
    const web = repositoryPlace("https://org@dev.azure.com/org/project/_git/shop");
    expect([web, repositoryPlace("git@ssh.dev.azure.com:v3/org/project/shop")]).toEqual([
      "dev.azure.com/org/project/shop",
      "dev.azure.com/org/project/shop",
    ]);
  });

  test("is none for other text", () => {
    for (const text of ["", "shop", "https://", "https://git.example", `https://a/${"x".repeat(5_000)}`]) {
      expect(repositoryPlace(text)).toBeNull();
    }
  });
});
