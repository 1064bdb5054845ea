import { readFileSync } from "node:fs";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ApiError } from "#core/cluster/api-error.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import { readSetHolds } from "#core/source/read-set.ts";
import { RenderError } from "#core/source/render-error.ts";
import type { ReleaseRender, RenderedRelease } from "#engine/ports.ts";
import { FakeCluster } from "#engine/testing/fake-cluster.ts";
import { configMap, kindInfo } from "#engine/testing/fake-objects.ts";
import { chartYaml, packedChart, settings } from "./helm-bench.ts";
import { HelperPools } from "./helper-pools.ts";
import { releaseTools } from "./release-tools.ts";

vi.setConfig({ testTimeout: 30_000 });

const { signal } = new AbortController();
const pools = new HelperPools();
afterAll(() => pools.close());

let cluster: FakeCluster;
let tools: ReturnType<typeof releaseTools>;
beforeEach(() => {
  cluster = new FakeCluster([kindInfo("ConfigMap"), kindInfo("Namespace", false)]);
  tools = releaseTools(pools, cluster);
});

const files = {
  "Chart.yaml": chartYaml("web"),
  "values.yaml": "color: blue\n",
  "templates/a.yaml": settings("{{ .Release.Name }}", "color: {{ .Values.color }}"),
};

function render(more: Readonly<Record<string, string>>, wanted: Partial<ReleaseRender> = {}): Promise<RenderedRelease> {
  return tools.render({ ...plain, tree: memoryTree({ ...files, ...more }), ...wanted }, signal);
}

const plain: Omit<ReleaseRender, "tree"> = {
  path: "",
  values: [],
  postRender: { strategy: "combined", steps: [] },
  release: { name: "shop", namespace: "web", revision: 1, isUpgrade: false },
  chartVersion: "",
  reuse: null,
  validateSchema: true,
  as: null,
};

/** What a template makes of an expression. */
async function said(expression: string, wanted: Partial<ReleaseRender> = {}): Promise<unknown> {
  const { objects } = await render(
    { "templates/a.yaml": settings("a", `said: {{ ${expression} | toJson | quote }}`) },
    wanted,
  );
  const { said: text } = objects[0]!["data"] as { said: string };
  return JSON.parse(text);
}

describe("releaseTools() inspects", () => {
  test("a chart's metadata, and the digest that a render of the values has", async () => {
    const values = [{ yaml: "color: red" }, { object: { a: 1 } }];
    const inspected = await tools.inspect({ tree: memoryTree(files), path: "" }, values, signal);
    expect(inspected.metadata).toMatchObject({ name: "web", version: "1.2.3", appVersion: "2.0" });
    const { configDigest } = await render({}, { values });
    expect(inspected.configDigest).toBe(configDigest);
  });

  test("and says what is wrong with a chart, its place or its values", async () => {
    const inspect = (more: Record<string, string>, yaml = "", path = "") =>
      tools.inspect({ tree: memoryTree({ ...files, ...more }), path }, [{ name: "mine", yaml }], signal);
    await expect(inspect({ "Chart.yaml": "name: web\n" })).rejects.toThrow(RenderError);
    await expect(inspect({}, "", "nowhere")).rejects.toThrow(new RenderError("build", 'there is no "nowhere"'));
    await expect(inspect({}, "a: [")).rejects.toThrow(/^mine:1: /);
  });
});

describe("releaseTools() renders", () => {
  test("objects, hooks as records keep them, CRDs and what a record needs", async () => {
    const rendered = await render({
      "crds/c.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: c}\n",
      "templates/hook.yaml": `apiVersion: batch/v1
kind: Job
metadata:
  name: before
  annotations: {helm.sh/hook: "pre-install,post-upgrade", helm.sh/hook-weight: "-5", helm.sh/hook-delete-policy: hook-failed}
`,
      "templates/test.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: check, annotations: {helm.sh/hook: test}}\n",
      "templates/NOTES.txt": "It is {{ .Values.color }}.",
    });
    expect(rendered.objects).toMatchObject([
      { kind: "ConfigMap", metadata: { name: "shop" }, data: { color: "blue" } },
    ]);
    expect(rendered.crds).toMatchObject([{ kind: "CustomResourceDefinition", metadata: { name: "c" } }]);
    expect(rendered.hooks.map(({ hook: { manifest: _, ...hook } }) => hook)).toEqual([
      { name: "check", kind: "Pod", path: "web/templates/test.yaml", events: ["test"], last_run: { phase: "" } },
      {
        name: "before",
        kind: "Job",
        path: "web/templates/hook.yaml",
        events: ["pre-install", "post-upgrade"],
        last_run: { phase: "" },
        weight: -5,
        delete_policies: ["hook-failed"],
      },
    ]);
    expect(rendered.hooks[1]?.object).toMatchObject({ kind: "Job", metadata: { name: "before" } });
    expect(rendered.notes).toBe("It is blue.");
    expect(rendered.manifest).toContain("# Source: web/templates/a.yaml");
    expect(rendered.chart.metadata).toMatchObject({ name: "web", version: "1.2.3" });
    expect(JSON.stringify(rendered.chart)).toContain("templates/a.yaml");
  });

  test("what is recorded and read again to the same", async () => {
    const { objects, hooks, configDigest, chart, config, manifest } = await render(
      {
        "templates/test.yaml":
          "apiVersion: v1\nkind: Pod\nmetadata: {name: check, annotations: {helm.sh/hook: test}}\n",
      },
      { values: [{ yaml: "color: red" }] },
    );
    const info = { status: "deployed" } as const;
    const { name, namespace } = plain.release;
    const release = {
      name,
      namespace,
      version: 1,
      info,
      chart,
      config,
      manifest,
      hooks: hooks.map(({ hook }) => hook),
    };
    const { record, digest } = await tools.encode({ release, ociDigest: "sha256:a" }, signal);
    const secretData = Buffer.from(record).toString("base64");
    const stored = await tools.decode({ secretData, ociDigest: "sha256:a" }, signal);
    expect(stored).toMatchObject({ digest, configDigest, objects, hooks });
    expect((await tools.decode({ secretData, ociDigest: "" }, signal)).digest).not.toBe(digest);
  });

  test("what the cluster can do", async () => {
    cluster.abilities = {
      kubeVersion: { version: "v1.31.5", major: "1", minor: "31+" },
      apiVersions: ["shop.test/v1", "shop.test/v1/Cart"],
    };
    expect(await said(".Capabilities.KubeVersion")).toMatchObject({ Version: "v1.31.5", Major: "1", Minor: "31+" });
    expect(await said('list (.Capabilities.APIVersions.Has "shop.test/v1/Cart")')).toEqual([true]);
    expect(await said('list (.Capabilities.APIVersions.Has "apps/v1")')).toEqual([false]);
  });

  test("a packed chart, alone in its folder, and says what that was read from", async () => {
    const packed = packedChart("web", files);
    const tree = memoryTree({ "charts/web-1.2.3.tgz": packed });
    const { objects, readSet } = await render({}, { tree, path: "charts" });
    expect(objects).toMatchObject([{ metadata: { name: "shop" } }]);
    expect(readSetHolds(readSet, tree)).toBe(true);
    const other = packedChart("web", { ...files, "values.yaml": "color: red\n" });
    expect(readSetHolds(readSet, memoryTree({ "charts/web-1.2.3.tgz": other }))).toBe(false);
    expect(readSetHolds(readSet, memoryTree({ "charts/web-1.2.3.tgz": packed, "charts/b.tgz": other }))).toBe(false);
  });

  test("with the chart's schema only where that is wanted, and for a version that is told", async () => {
    const schema = { "values.schema.json": '{"properties": {"color": {"type": "integer"}}}' };
    await expect(render(schema)).rejects.toThrow(RenderError);
    const { objects, chart } = await render(schema, { validateSchema: false, chartVersion: "1.2.3+abc" });
    expect([objects.length, chart.metadata.version]).toEqual([1, "1.2.3+abc"]);
  });

  test("with the values of the release before below its own", async () => {
    const reuse = { defaults: { color: "green" }, config: { size: 2 } };
    const values = [{ object: { shape: "round" } }];
    expect(await said("pick .Values `color` `size` `shape`", { reuse, values })).toEqual({
      color: "green",
      size: 2,
      shape: "round",
    });
  });

  test("or says in a chart's own words why it cannot", async () => {
    const failing = render({ "templates/a.yaml": '{{ fail "choose a color" }}' });
    await expect(failing).rejects.toThrow(/web\/templates\/a\.yaml.*choose a color/);
    await expect(failing).rejects.toBeInstanceOf(RenderError);
  });
});

describe("lookup", () => {
  const tenant = { user: "system:serviceaccount:web:tenant" };

  test("finds objects and lists with the given user's rights", async () => {
    cluster.put(configMap("x", { a: "1" }));
    cluster.put(configMap("y", {}, { namespace: "b" }));
    cluster.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "a" } });
    const asked: unknown[] = [];
    const get = cluster.get.bind(cluster);
    cluster.get = (ref, options) => (asked.push(options.as), get(ref, options));
    expect(await said('(lookup "v1" "ConfigMap" "a" "x").data', { as: tenant })).toEqual({ a: "1" });
    expect(await said('(lookup "v1" "Namespace" "ignored" "a").metadata.name')).toBe("a");
    expect(asked).toEqual([tenant, undefined]);
    const all = (await said('lookup "v1" "ConfigMap" "" ""')) as { kind: string; items: object[] };
    expect([all.kind, all.items.length]).toEqual(["ConfigMapList", 2]);
    expect(await said('len (lookup "v1" "ConfigMap" "b" "").items')).toBe(1);
  });

  test("finds nothing where there is no such object or kind", async () => {
    for (const asked of ['"ConfigMap" "a" "none"', '"ConfigMap" "" "x"', '"Nothing" "a" "x"', '"Nothing" "" ""']) {
      expect(await said(`lookup "v1" ${asked}`)).toEqual({});
    }
    const list = cluster.list.bind(cluster);
    cluster.list = () => Promise.reject(new ApiError({ code: 404, reason: "NotFound", message: "no" }));
    expect(await said('lookup "v1" "ConfigMap" "a" ""')).toEqual({});
    cluster.list = list;
  });

  test("fails the render where it is forbidden or the group version is not there", async () => {
    cluster.before = () => {
      throw new ApiError({ code: 403, reason: "Forbidden", message: "not allowed" });
    };
    await expect(said('lookup "v1" "ConfigMap" "a" "x"', { as: tenant })).rejects.toThrow(
      /a\.yaml.*cannot look up ConfigMap of v1 as system:serviceaccount:web:tenant: not allowed/,
    );
    const unknown = said('lookup "none.test/v1" "Cart" "a" "x"');
    await expect(unknown).rejects.toThrow("cannot look up Cart of none.test/v1: the cluster serves no none.test/v1");
    await expect(unknown).rejects.toBeInstanceOf(RenderError);
  });

  test("blames a cluster that does not answer, not the chart", async () => {
    const lost = new ApiError({ code: 0, reason: "NoAnswer", message: "no answer" });
    cluster.before = () => {
      throw lost;
    };
    await expect(said('lookup "v1" "ConfigMap" "a" "x"')).rejects.toBe(lost);
    cluster.lookups.set("shop.test/Cart", { known: "unknown", reason: "its API server does not answer" });
    const unread = said('lookup "shop.test/v1" "Cart" "a" "x"');
    await expect(unread).rejects.toThrow("its API server does not answer");
    await expect(unread).rejects.not.toBeInstanceOf(RenderError);
  });
});

describe("releaseTools() decodes", () => {
  interface Captured {
    readonly object: string;
    readonly release: string;
    readonly digest: string;
    readonly configDigest: string;
  }
  const captured = JSON.parse(
    readFileSync(new URL("testdata/helm-releases.json", import.meta.url), "utf8"),
  ) as Captured[];

  test.each(captured)("a record of $object that others wrote", async ({ release, digest, configDigest }) => {
    const stored = await tools.decode({ secretData: release, ociDigest: "" }, signal);
    expect(stored.configDigest).toBe(configDigest);
    if (digest) expect(stored.digest).toBe(digest);
    const documents = stored.release.manifest.split(/^---$/m).filter((text) => /^kind:/m.test(text));
    expect(stored.objects).toHaveLength(documents.length);
    for (const { kind, metadata } of stored.objects) expect([kind, metadata.name]).not.toContain(undefined);
    expect(stored.hooks.map(({ hook, object }) => [hook.name, object.metadata.name])).toEqual(
      (stored.release.hooks ?? []).map(({ name }) => [name, name]),
    );
  });

  test("lists taken apart, and refuses what is no YAML or no release", async () => {
    const recordOf = async (manifest: string) => {
      const chart = { metadata: { name: "web", version: "1.2.3", apiVersion: "v2" } };
      const release = {
        name: "shop",
        namespace: "web",
        version: 1,
        info: { status: "deployed" },
        chart,
        manifest,
      } as const;
      const { record } = await tools.encode({ release, ociDigest: "" }, signal);
      return { secretData: Buffer.from(record).toString("base64"), ociDigest: "" };
    };
    const list = `---\n# Source: a\napiVersion: v1\nkind: List\nitems:\n- ${settings("a", "x: y").replaceAll("\n", "\n  ")}`;
    expect((await tools.decode(await recordOf(list), signal)).objects).toMatchObject([{ metadata: { name: "a" } }]);
    await expect(tools.decode(await recordOf("a: ["), signal)).rejects.toThrow(/^the manifest:\d+: /);
    const none = { secretData: Buffer.from("nothing").toString("base64"), ociDigest: "" };
    await expect(tools.decode(none, signal)).rejects.toThrow("the release record is");
  });
});
