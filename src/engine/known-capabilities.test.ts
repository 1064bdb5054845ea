import { expect, test } from "vitest";
import { KnownCapabilities } from "./known-capabilities.ts";
import type { ClusterClient } from "./ports.ts";

const { signal } = new AbortController();

function cluster() {
  const asked = { times: 0, apiVersions: ["v1"] };
  const capabilities = () => {
    asked.times++;
    const kubeVersion = { version: "v1.33.0", major: "1", minor: "33" };
    return Promise.resolve({ kubeVersion, apiVersions: [...asked.apiVersions] });
  };
  return { asked, client: { capabilities } as unknown as ClusterClient };
}

test("a cluster is asked once, and again only for what is new", async () => {
  const known = new KnownCapabilities();
  const { asked, client } = cluster();
  const first = await known.of(client, { fresh: false }, signal);
  expect(first).toEqual({ kubeVersion: "v1.33.0", apiVersions: ["v1"] });
  expect(await known.of(client, { fresh: false }, signal)).toBe(first);
  expect(asked.times).toBe(1);
  expect(await known.of(client, { fresh: true }, signal)).toBe(first);
  expect(asked.times).toBe(2);
  asked.apiVersions = ["v1", "apps/v1"];
  expect(await known.of(client, { fresh: true }, signal)).toMatchObject({ apiVersions: ["v1", "apps/v1"] });
});

test("clusters are not mixed up", async () => {
  const known = new KnownCapabilities();
  const [one, other] = [cluster(), cluster()];
  other.asked.apiVersions = ["v2"];
  await known.of(one.client, { fresh: false }, signal);
  expect(await known.of(other.client, { fresh: false }, signal)).toMatchObject({ apiVersions: ["v2"] });
});
