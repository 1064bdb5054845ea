import { beforeAll, describe, expect, test, vi } from "vitest";
import { sopsFixtures, type SopsFixtures } from "#adapters/upstream/sops-bench.ts";
import { dataOf, type Space, useFluxWorld } from "./flux-world.ts";

// Fixtures are made by a program that Go links first.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 600_000 });

const world = useFluxWorld();
const canary = "canary-5d21";
const secret = (name: string) =>
  `apiVersion: v1\nkind: Secret\nmetadata:\n    name: ${name}\nstringData:\n    token: \${WHO}-${canary}\n`;
const inData = { format: "yaml", encryptedRegex: "^(data|stringData)$" } as const;

let made: SopsFixtures<"mine" | "theirs" | "env">;
beforeAll(async () => {
  made = await sopsFixtures(
    { mine: "age", theirs: "age" },
    {
      mine: { ...inData, text: secret("object"), groups: [["mine"]] },
      theirs: { ...inData, text: secret("object"), groups: [["theirs"]] },
      env: { format: "dotenv", text: `TOKEN=${canary}\n`, groups: [["mine"]] },
    },
  );
});

const decryption = { provider: "sops", secretRef: { name: "keys" } };
const postBuild = { substitute: { WHO: "me" } };

function keys(space: Space, ...names: string[]) {
  const metadata = { name: "keys", namespace: space.name };
  return world().apply({ apiVersion: "v1", kind: "Secret", metadata, data: made.keys(...names) });
}

async function entries(space: Space, name: string): Promise<Record<string, string>> {
  const live = dataOf(await world().get(space.at("v1", "Secret", name))) ?? {};
  return Object.fromEntries(
    Object.entries(live).map(([key, value]) => [key, Buffer.from(String(value), "base64").toString()]),
  );
}

/** Everything that a person may read about a Kustomization. */
async function told(space: Space): Promise<string> {
  const { name } = space;
  const events = await world().events({ kind: "Kustomization", namespace: name, name });
  const { lines, audit } = world().engine;
  return JSON.stringify([await world().get(space.kustomizationRef()), events, lines, audit]);
}

describe.concurrent("decryption", () => {
  test("objects and generated Secrets are applied in plain text, which nobody is told", async () => {
    const space = await world().space("decrypted");
    await keys(space, "mine");
    const commit = await space.commit({
      "app/kustomization.yaml":
        "resources: [object.yaml]\ngeneratorOptions: {disableNameSuffixHash: true}\nsecretGenerator: [{name: made, envs: [enc.env]}]\n",
      "app/object.yaml": made.files.mine,
      "app/enc.env": made.files.env,
    });
    await space.kustomization({ decryption, postBuild });
    await space.applied(commit);
    expect(await entries(space, "object")).toEqual({ token: `me-${canary}` });
    expect(await entries(space, "made")).toEqual({ TOKEN: canary });
    expect((await world().get(space.at("v1", "Secret", "object")))?.["sops"]).toBeUndefined();
    for (const text of [canary, Buffer.from(`me-${canary}`).toString("base64")])
      expect(await told(space)).not.toContain(text);
  });

  test("a key that is missing is named, nothing is applied, and it goes on once the key is there", async () => {
    const space = await world().space("missing-key");
    await keys(space, "theirs");
    const commit = await space.commit({ "app/object.yaml": made.files.mine, "app/env.txt": made.files.env });
    await space.kustomization({ decryption, postBuild });
    const failed = await space.says("none of the age identities opens it");
    expect(failed).toMatchObject({ status: "False", reason: "BuildFailed" });
    expect(failed.message).toMatch(/app\/object\.yaml: decryption failed for 'Secret\.v1\.\[noGrp\]\/object'/);
    expect(await world().get(space.at("v1", "Secret", "object"))).toBeNull();
    await keys(space, "theirs", "mine");
    await space.applied(commit);
    expect(await entries(space, "object")).toEqual({ token: `me-${canary}` });
  });

  test("a file of another tenant and a changed file leave what was applied as it is", async () => {
    const space = await world().space("changed-file");
    await keys(space, "mine");
    const first = await space.commit({ "app/object.yaml": made.files.mine });
    await space.kustomization({ decryption, postBuild });
    await space.applied(first);
    await space.commit({ "app/object.yaml": made.files.theirs });
    await space.says("none of the age identities opens it");
    await space.commit({ "app/object.yaml": made.files.mine.replace("name: object", "name: other") });
    await space.says("failed to verify sops data integrity: the MAC does not match the content");
    expect(await entries(space, "object")).toEqual({ token: `me-${canary}` });
    expect(await told(space)).not.toContain(canary);
  });

  test("what is encrypted is not applied without decryption", async () => {
    const space = await world().space("no-decryption");
    await space.commit({ "app/object.yaml": made.files.mine });
    await space.kustomization();
    await space.says("is SOPS encrypted, configuring decryption is required for this secret to be reconciled");
    expect(await world().get(space.at("v1", "Secret", "object"))).toBeNull();
  });
});
