import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { RenderSpec } from "#core/app/render-spec.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import { RenderError } from "#core/source/render-error.ts";
import { HelperPools } from "./helper-pools.ts";
import { dataKeysOf, sopsFixtures } from "./sops-bench.ts";
import type { SopsFixtures } from "./sops-bench.ts";
import { upstreamRenderer } from "./upstream-renderer.ts";

// Fixtures are made by a program that Go links first.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 600_000 });

const pools = new HelperPools();
afterAll(() => pools.close());
const renderer = upstreamRenderer(pools, dataKeysOf());
const { signal } = new AbortController();

const secret = "apiVersion: v1\nkind: Secret\nmetadata:\n    name: a\nstringData:\n    k: ${WHO}-canary\n";
let made: SopsFixtures<"a">;
beforeAll(async () => {
  const file = { format: "yaml", text: secret, groups: [["mine"]], encryptedRegex: "^stringData$" } as const;
  made = await sopsFixtures({ mine: "age" }, { a: file });
});

describe("upstreamRenderer()", () => {
  const spec = (keys: Record<string, string>): RenderSpec => ({
    kind: "kustomize",
    overrides: { namespace: "shop" },
    generate: true,
    decryption: { provider: "sops", keys },
    substitute: { vars: { WHO: "me" }, strategy: "with-variables", strict: true },
  });
  const render = (how: RenderSpec) =>
    renderer.render({ tree: memoryTree({ "app/a.yaml": made.files.a }), path: "app", spec: how }, signal);

  test("decrypts, then fills in variables, then hands over", async () => {
    const { resources } = await render(spec(made.keys("mine")));
    expect(resources).toEqual([
      {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "a", namespace: "shop" },
        stringData: { k: "me-canary" },
      },
    ]);
  });

  test("tells a missing key as a failed build, with no secret", async () => {
    const error: unknown = await render(spec({})).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RenderError);
    expect(error).toMatchObject({ code: "build", message: expect.stringMatching(/^app\/a\.yaml: decryption failed/) });
    expect(String(error)).not.toContain("canary");
  });

  test("without decryption, hands over what is encrypted as it is", async () => {
    const { resources } = await render({ kind: "kustomize", overrides: {}, generate: true });
    expect(resources[0]).toMatchObject({ stringData: { k: expect.stringMatching(/^ENC\[/) }, sops: {} });
  });

  test("takes a kustomization for plain files where it is not to be taken for one", async () => {
    const config = (name: string) => JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name } });
    const tree = memoryTree({ "app/kustomization.yaml": config("listed"), "app/a.yaml": config("a") });
    const directory = { kind: "directory", recurse: false, include: "", exclude: "" } as const;
    const how: RenderSpec = { kind: "detect", kustomizations: false, overrides: {}, directory };
    const { resources, renderer: by } = await renderer.render({ tree, path: "app", spec: how }, signal);
    expect([by, resources.map(({ metadata }) => metadata.name)]).toEqual(["directory", ["a", "listed"]]);
  });
});
