import { expect, test } from "vitest";
import type { Source } from "#core/source/source.ts";
import { repositoryKey } from "./source-identity.ts";

const source = { url: "https://git.example.com/fleet", remote: { kind: "git" }, secrets: {} } as unknown as Source;

test("sources that are read as others are share no repository", () => {
  const changes: readonly Partial<Source>[] = [
    {},
    { url: "https://git.example.com/other" },
    { secrets: { credential: { namespace: "apps", name: "a" } } },
    { remote: { kind: "git", cloud: "aws" } },
    { account: { namespace: "apps", name: "web" } },
    { account: { namespace: "apps", name: "else" } },
  ];
  const keys = changes.map((change) => repositoryKey({ ...source, ...change }));
  expect(new Set(keys).size).toBe(changes.length);
  expect(repositoryKey({ ...source, intervalMs: 5 })).toBe(keys[0]);
});
