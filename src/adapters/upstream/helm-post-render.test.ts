import { afterAll, describe, expect, test, vi } from "vitest";
import type { HelmRelease } from "#core/helm/release.ts";
import { HelmBench, chartTree, chartYaml, settings } from "./helm-bench.ts";
import { decodeHelmRelease } from "./helm-release.ts";
import type { ChartPostRender, ChartPostRenderStep } from "#core/app/render-spec.ts";
// What another controller wrote into a real cluster: its release Secrets and the digests in its status.
import stored from "./testdata/helm-releases.json" with { type: "json" };

vi.setConfig({ testTimeout: 30_000 });

const bench = new HelmBench();
afterAll(() => bench.pool.close());
const signal = new AbortController().signal;

interface StoredFile {
  readonly name: string;
  readonly data: string;
}

function filesOf({ chart }: HelmRelease): Record<string, string> {
  const { metadata, values, templates } = chart as unknown as {
    metadata: object;
    values: object;
    templates: StoredFile[];
  };
  return {
    "Chart.yaml": JSON.stringify(metadata),
    "values.yaml": JSON.stringify(values),
    ...Object.fromEntries(templates.map(({ name, data }) => [name, Buffer.from(data, "base64").toString()])),
  };
}

const nodeSelector: ChartPostRenderStep = {
  kustomize: {
    patches: [
      {
        patch: '[{"op":"add","path":"/spec/template/spec/nodeSelector","value":{"no":"where"}}]',
        target: { kind: "Deployment" },
      },
    ],
  },
};

describe("a release that another controller stored", () => {
  test.each(stored)(
    "$name has the digests that it has there",
    async ({ release: secretData, digest, configDigest }) => {
      expect(await decodeHelmRelease(bench.pool, { secretData }, signal)).toMatchObject({ digest, configDigest });
    },
  );

  test.each(stored)("$name renders to the same text again", async ({ object, configDigest, release: secretData }) => {
    const { release } = await decodeHelmRelease(bench.pool, { secretData }, signal);
    const labels = { "helm.toolkit.fluxcd.io/name": object, "helm.toolkit.fluxcd.io/namespace": "cap-flux" };
    const steps = [...(object === "fails" ? [nodeSelector] : []), { labels }];
    const { name, namespace, version } = release;
    const rendered = await bench.render(chartTree(filesOf(release)), {
      values: [{ object: release.config ?? {} }],
      release: { name, namespace, revision: version, isUpgrade: version > 1 },
      postRender: { strategy: "combined", steps },
    });
    expect(rendered.manifest).toBe(release.manifest);
    expect(rendered.configDigest).toBe(configDigest);
    expect(rendered.hooks.map(({ path, manifest }) => [path, manifest])).toEqual(
      release.hooks?.map(({ path, manifest }) => [path, manifest]),
    );
  });
});

describe("helmRender() with post-renderers", () => {
  const files = {
    "Chart.yaml": chartYaml("web"),
    "templates/a.yaml": `${settings("a", "b: c")}---\n${settings("z", "b: c")}`,
    "templates/hook.yaml":
      "apiVersion: v1\nkind: Pod\nmetadata:\n  name: h\n  annotations: {helm.sh/hook: test}\nspec: {containers: [{name: c, image: 'old:1'}]}\n",
  };
  const labelled = async (strategy: ChartPostRender["strategy"], more: Record<string, string> = {}) => {
    const steps = [
      { labels: { team: "x" }, annotations: { note: "y" } },
      { kustomize: { images: [{ name: "old", newTag: "2" }] } },
    ];
    const { manifests, hooks } = await bench.render(chartTree({ ...files, ...more }), {
      postRender: { strategy, steps },
    });
    return [...manifests, ...hooks].map(({ path, object }) => {
      const { name, labels, annotations } = object.metadata;
      const { containers } = (object as unknown as { spec?: { containers: { image: string }[] } }).spec ?? {
        containers: [],
      };
      return [path, name, labels?.["team"], annotations?.["note"], containers[0]?.image];
    });
  };
  const manifests = [
    ["web/templates/a.yaml", "a", "x", "y", undefined],
    ["web/templates/a.yaml", "z", "x", "y", undefined],
  ];

  test("sends hooks along, or leaves them alone", async () => {
    const changed = ["web/templates/hook.yaml", "h", "x", "y", "old:2"];
    expect(await labelled("combined")).toEqual([...manifests, changed]);
    expect(await labelled("separate")).toEqual([...manifests, changed]);
    expect(await labelled("nohooks")).toEqual([
      ...manifests,
      ["web/templates/hook.yaml", "h", undefined, undefined, "old:1"],
    ]);
  });

  test("takes an object that is a hook and a manifest only when they are kept apart", async () => {
    const pod = (annotations: string) => `apiVersion: v1\nkind: Pod\nmetadata: {name: h${annotations}}\n`;
    const both = { "templates/hook.yaml": pod(", annotations: {helm.sh/hook: test}"), "templates/same.yaml": pod("") };
    await expect(labelled("combined", both)).rejects.toThrow(
      /^post-renderer 1: may not add resource with an already registered id: Pod\.v1\.\[noGrp\]\/h/,
    );
    expect(await labelled("separate", both)).toHaveLength(4);
  });

  test("refuses a patch that fits nothing, and one that is to be read from a file", async () => {
    const refused = (patch: { patch?: string; path?: string; target?: { kind: string } }) =>
      bench.refusal(chartTree(files), {
        postRender: { strategy: "combined", steps: [{ kustomize: { patches: [patch] } }] },
      });
    const { code, message } = await refused({ patch: "apiVersion: v1\nkind: Secret\nmetadata: {name: none}\n" });
    expect(code).toBe("post-render");
    expect(message).toMatch(/^post-renderer 1: no resource matches strategic merge patch/);
    expect((await refused({ path: "/etc/passwd" })).message).toContain('is written out, not read from "/etc/passwd"');
  });
});
