import { afterAll, describe, expect, test, vi } from "vitest";
import type { MemoryFile } from "#core/source/memory-tree.ts";
import { KustomizeBench, configMap, shop } from "./kustomize-bench.ts";

// Helpers share the processors with every other test.
vi.setConfig({ testTimeout: 30_000 });

const bench = new KustomizeBench();
afterAll(() => bench.pool.close());

describe("kustomizeBuild() refuses", () => {
  const bomb = [
    "a: &a [x,x,x,x,x,x,x,x,x]",
    ..."bcdefghij".split("").map((key, i) => `${key}: &${key} [${Array(9).fill(`*${"abcdefghij"[i]}`).join(",")}]`),
  ].join("\n");
  const kustomization = (text: string, more: Record<string, MemoryFile> = {}) => ({
    "app/kustomization.yaml": text,
    ...more,
  });
  const cases: { name: string; files: Record<string, MemoryFile>; code: string; message: RegExp; path?: string }[] = [
    {
      name: "broken YAML by file and line",
      files: kustomization("resources: [x.yaml]", { "app/x.yaml": `${configMap("a")}---\nkind: A\n  b: c\n` }),
      code: "invalid-yaml",
      message: /^app\/x\.yaml:7: mapping values are not allowed/,
    },
    {
      name: "a broken kustomization by file and line",
      files: kustomization("resources:\n- [\n"),
      code: "invalid-yaml",
      message: /^app\/kustomization\.yaml:\d: /,
    },
    {
      name: "a missing file by name",
      files: kustomization("resources: [gone.yaml]"),
      code: "failed",
      message:
        /^accumulating resources: accumulating resources from 'gone\.yaml': read app\/gone\.yaml: file does not exist$/,
    },
    {
      name: "the same object twice by both places",
      files: kustomization("resources: [a.yaml, sub]", {
        "app/a.yaml": `${configMap("x")}---\n${configMap("a")}`,
        "app/sub/kustomization.yaml": "resources: [b.yaml]\npatches: [{path: p.yaml}]",
        "app/sub/b.yaml": configMap("a"),
        "app/sub/p.yaml": configMap("a"),
      }),
      code: "failed",
      message: /already registered id: ConfigMap.*\(in app\/a\.yaml:6 and app\/sub\/b\.yaml:1\)$/,
    },
    {
      name: "an object without an API version",
      files: kustomization("resources: [x.yaml]", { "app/x.yaml": "kind: ConfigMap\nmetadata: {name: x}\n" }),
      code: "invalid",
      message: /^ConfigMap x has no apiVersion$/,
    },
    { name: "a missing path", files: {}, code: "missing-path", message: /"app" is no directory/ },
    {
      name: "a remote base with a password",
      files: kustomization("resources: ['https://user:pw@git.example/org/repo//deploy?ref=v1']"),
      code: "remote-refused",
      message: /^app\/kustomization\.yaml: "https:\/\/git\.example\/org\/repo.*" holds a password/,
    },
    {
      name: "a remote base outside of its repository",
      files: kustomization("resources: ['https://git.example/org/repo.git//../../other']"),
      code: "remote-refused",
      message: /^"https:.*" is not part of this revision, and URLs are not fetched while rendering$/,
    },
    {
      name: "a remote file in a generator",
      files: kustomization("configMapGenerator: [{name: c, files: ['a=https://web.example/a']}]"),
      code: "remote-refused",
      message: /web\.example/,
    },
    {
      name: "a remote patch",
      files: kustomization("resources: [c.yaml]\npatches: [{path: 'http://web.example/p.yaml'}]", {
        "app/c.yaml": configMap("c"),
      }),
      code: "remote-refused",
      message: /web\.example/,
    },
    {
      name: "a path that leaves the repository",
      files: kustomization("resources: [../../secret.yaml]"),
      code: "outside-tree",
      message: /secret\.yaml" leaves the repository/,
    },
    {
      name: "an absolute path",
      files: kustomization("configMapGenerator: [{name: c, files: [/etc/passwd]}]"),
      code: "outside-tree",
      message: /etc\/passwd" leaves the repository/,
    },
    {
      name: "a root that leaves the repository",
      files: shop,
      path: "../app",
      code: "outside-tree",
      message: /app" leaves/,
    },
    {
      name: "a link that leaves the repository",
      files: kustomization("resources: [x.yaml]", { "app/x.yaml": { link: "../../x" } }),
      code: "outside-tree",
      message: /"app\/x\.yaml" leaves/,
    },
    {
      name: "links in a circle",
      files: kustomization("resources: [x.yaml]", { "app/x.yaml": { link: "x.yaml" } }),
      code: "link-loop",
      message: /"app\/x\.yaml" follows links in a circle/,
    },
    {
      name: "a folder that contains itself through a link",
      files: kustomization("resources: [c]", { "app/c": { link: "." } }),
      code: "failed",
      message: /cycle detected/,
    },
    {
      name: "Helm charts",
      files: kustomization("helmCharts: [{name: c, repo: 'https://charts.example'}]"),
      code: "helm-refused",
      message: /helmCharts/,
    },
    {
      name: "programs as generators",
      files: kustomization("generators: [g.yaml]", {
        "app/g.yaml":
          "apiVersion: x.example/v1\nkind: G\nmetadata:\n  name: g\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: /bin/true}\n",
      }),
      code: "failed",
      message: /only.*built.*in|external plugins disabled/i,
    },
    {
      name: "an alias bomb in a manifest",
      files: kustomization("resources: [b.yaml]", { "app/b.yaml": `${configMap("b")}${bomb}` }),
      code: "alias-bomb",
      message: /^app\/b\.yaml/,
    },
    {
      name: "an alias bomb in an inline patch",
      files: kustomization(`resources: [c.yaml]\npatches:\n- patch: |\n${bomb.replaceAll(/^/gm, "    ")}\n`, {
        "app/c.yaml": configMap("c"),
      }),
      code: "alias-bomb",
      message: /^app\/kustomization\.yaml/,
    },
    {
      name: "a file over the size cap",
      files: kustomization("resources: [big.yaml]", { "app/big.yaml": new Uint8Array(17 * 2 ** 20) }),
      code: "too-large",
      message: /^app\/big\.yaml: has 17 MiB, more than the allowed 16/,
    },
    {
      name: "a value nested too deep",
      files: kustomization("resources: [d.yaml]", {
        "app/d.yaml": configMap("d", `x: ${"[".repeat(400)}${"]".repeat(400)}\n`),
      }),
      code: "too-deep",
      message: /nested/,
    },
  ];
  for (const { name, files, code, message, path = "app" } of cases) {
    test(name, async () => {
      const startedAt = performance.now();
      const refused = await bench.refusal(files, { path });
      expect(refused.message).toMatch(message);
      expect(refused.code).toBe(code);
      expect(performance.now() - startedAt).toBeLessThan(5_000);
      expect(await bench.names(shop, { path: "staging" })).toHaveLength(2);
    });
  }

  const secret = "c2VjcmV0-pass!word";
  const leaks: { name: string; files: Record<string, MemoryFile> }[] = [
    { name: "a literal", files: kustomization(`secretGenerator: [{name: s, literals: ['${secret}']}]`) },
    {
      name: "an environment file",
      files: kustomization("secretGenerator: [{name: s, envs: [e]}]", {
        "app/e": Buffer.concat([Buffer.from(`key=${secret}`), Uint8Array.of(0xff)]),
      }),
    },
    {
      name: "an inline patch",
      files: kustomization(`resources: [c.yaml]\npatches:\n- patch: |\n    data: ${secret}\n`, {
        "app/c.yaml": configMap("c"),
      }),
    },
    {
      name: "an inline JSON patch",
      files: kustomization(
        `resources: [c.yaml]\npatchesJson6902:\n- patch: '[{"op": "add", "path": "/x", "value": "${secret}"}]'\n`,
        { "app/c.yaml": configMap("c") },
      ),
    },
    {
      name: "both kinds of patch",
      files: kustomization(`resources: [c.yaml]\npatches:\n- path: c.yaml\n  patch: |\n    data: ${secret}\n`, {
        "app/c.yaml": configMap("c"),
      }),
    },
    { name: "a wrong type", files: kustomization(`resources: ${secret}\n`) },
    { name: "a plain text", files: kustomization("resources: [c.yaml]\n", { "app/c.yaml": `${secret}\n` }) },
  ];
  for (const { name, files } of leaks) {
    test(`without quoting ${name}`, async () => {
      expect((await bench.refusal(files, { path: "app" })).message).not.toContain("pass");
    });
  }
});
