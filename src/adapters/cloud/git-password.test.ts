import { expect, test } from "vitest";
import { assumed, entra, known, signal, useCloudWorld } from "./testing/cloud-world.ts";

const world = useCloudWorld();
const codeCommit = "https://git-codecommit.eu-central-1.amazonaws.com/v1/repos/fleet";

function asked(cloud: "aws" | "azure", url: string) {
  return { cloud, url, identity: world().account(known[cloud]), proxy: world().clouds.proxy };
}

test("Azure DevOps takes a token for itself, without a user", async () => {
  world().answer = entra;
  const given = await world().tokens.gitPassword(
    asked("azure", "https://dev.azure.com/org/project/_git/fleet"),
    signal,
  );
  expect(given).toMatchObject({ username: null, password: "entra-token" });
  const post = world().clouds.requests.find(({ method }) => method === "POST");
  expect(new URLSearchParams(post?.body).get("scope")).toContain("499b84ac-1321-427f-aa17-267ca6975798/.default");
});

test("CodeCommit takes keys as the user, and a signature of the repository's address as the password", async () => {
  world().answer = () => assumed(world(), "AKIA1");
  world().now = Date.parse("2026-11-22T01:02:03Z");

  const given = await world().tokens.gitPassword(asked("aws", codeCommit), signal);

  // Computed with Python's hashlib and hmac from the published description of the scheme.
  const signature = "6fc424d70ddbdfdd96f54bbdd594a16a990d2d780d8a14b71b6e17b739fc69d1";
  expect(given).toEqual({
    username: "AKIA1%session",
    password: `20261122T010203Z${signature}`,
    expiresAt: world().now + 15 * 60_000,
  });
  expect(world().clouds.requests.map(({ host }) => host)).toEqual(["sts.eu-central-1.amazonaws.com"]);
});

test("a signature for CodeCommit is used for most of its quarter of an hour, for one repository", async () => {
  world().answer = () => assumed(world(), "AKIA1");
  const first = await world().tokens.gitPassword(asked("aws", codeCommit), signal);
  world().now += 11 * 60_000;
  expect(await world().tokens.gitPassword(asked("aws", codeCommit), signal)).toEqual(first);
  expect(await world().tokens.gitPassword(asked("aws", `${codeCommit}-2`), signal)).not.toEqual(first);
  world().now += 2 * 60_000;
  expect((await world().tokens.gitPassword(asked("aws", codeCommit), signal)).password).not.toEqual(first.password);
});

const foreign = [
  { cloud: "aws", url: "https://git.example.com/fleet.git", words: "its address is not like https://git-codecommit." },
  { cloud: "aws", url: "https://git-codecommit.eu-central-1.amazonaws.com.evil.example/v1/repos/a", words: "not like" },
  { cloud: "aws", url: "ssh://git-codecommit.eu-central-1.amazonaws.com/v1/repos/fleet", words: "begin with https" },
  { cloud: "azure", url: "http://dev.azure.com/org/project/_git/fleet", words: "begin with https" },
  {
    cloud: "azure",
    url: "https://dev.azure.com.evil.example/fleet",
    words: "none of https://dev.azure.com and https://",
  },
  { cloud: "azure", url: "https://dev.azure.com:8443/fleet", words: "none of https://dev.azure.com" },
] as const;
for (const { cloud, url, words } of foreign) {
  test(`${url} gets nothing of ${cloud}`, async () => {
    await expect(world().tokens.gitPassword(asked(cloud, url), signal)).rejects.toThrow(words);
    expect(world().clouds.requests).toHaveLength(0);
  });
}

test("the controller's own token is for nobody who could speak for the server", async () => {
  const { tokens } = world();
  const url = "https://dev.azure.com/org/project/_git/fleet";
  const own = { cloud: "azure", url, identity: null, hasOwnAuthority: true } as const;
  await expect(tokens.gitPassword(own, signal)).rejects.toThrow("name a serviceAccountName, or leave ca.crt out");
  expect(world().clouds.requests).toEqual([]);
});
