import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, test, vi } from "vitest";
import { HelmBench, chartTree, chartYaml, packedChart, tarball } from "./helm-bench.ts";
import { helmChart } from "./helm-chart.ts";
import { helmPackage } from "./helm-package.ts";
import type { HelmPackage } from "./helm-package.ts";

vi.setConfig({ testTimeout: 30_000 });

const bench = new HelmBench();
afterAll(() => bench.pool.close());
const signal = new AbortController().signal;

const shop = {
  "Chart.yaml": `# the shop\n${chartYaml("shop", "dependencies:\n- {name: cache, version: 1.x, repository: 'https://charts.example', condition: cache.enabled}\n- {name: db, version: 2.x, repository: 'https://charts.example', alias: store}\n", "6.0.3")}`,
  "Chart.lock":
    "generated: 2026-01-02T03:04:05Z\ndigest: sha256:abc\ndependencies:\n- {name: cache, version: 1.0.0, repository: 'https://charts.example'}\n",
  "values.yaml": "# kept as it is\nsize: 1\nnested: {a: 1, b: 2}\n",
  "values-prod.yaml": "nested: {b: 3}\nhosts: [a, b]\n",
  "values.schema.json": "{}",
  "templates/a.yaml": "{{/* nothing */}}",
  "charts/cache/Chart.yaml": chartYaml("cache", "", "1.0.0"),
};

const pack = (wanted: Partial<HelmPackage> = {}) =>
  helmPackage(bench.pool, { chart: chartTree(shop), ...wanted }, signal);
const describePacked = (content: Uint8Array) => helmChart(bench.pool, { kind: "archive", content }, signal);
/** Names in a tar archive, in its order. */
function namesIn(archive: Uint8Array): string[] {
  const tar = gunzipSync(archive);
  const names: string[] = [];
  for (let at = 0; tar[at] !== 0;) {
    const text = (from: number, length: number) =>
      tar.toString("latin1", at + from, at + from + length).replace(/\0.*$/, "");
    names.push(text(0, 100));
    // The first of January 1980 in UTC, whenever it is packed.
    expect(Number.parseInt(text(136, 12), 8)).toBe(315_532_800);
    at += 512 + Math.ceil(Number.parseInt(text(124, 12), 8) / 512) * 512;
  }
  return names;
}

describe("helmChart()", () => {
  test("describes a folder and an archive alike", async () => {
    const { readSet, ...described } = await helmChart(bench.pool, chartTree(shop), signal);
    expect(described).toEqual({
      metadata: expect.objectContaining({ name: "shop", version: "6.0.3", apiVersion: "v2" }) as unknown,
      values: { size: 1, nested: { a: 1, b: 2 } },
      hasSchema: true,
      dependencies: [
        {
          name: "cache",
          version: "1.x",
          repository: "https://charts.example",
          condition: "cache.enabled",
          vendored: "1.0.0",
        },
        { name: "db", version: "2.x", repository: "https://charts.example", alias: "store" },
      ],
      lock: expect.objectContaining({ digest: "sha256:abc", generated: "2026-01-02T03:04:05Z" }) as unknown,
      files: [
        "Chart.lock",
        "Chart.yaml",
        "charts/cache/Chart.yaml",
        "templates/a.yaml",
        "values-prod.yaml",
        "values.schema.json",
        "values.yaml",
      ],
    });
    expect(readSet).toContainEqual(expect.objectContaining({ kind: "file", path: "values-prod.yaml" }));
    expect(await describePacked(packedChart("shop", shop))).toEqual({ ...described, readSet: [] });
  });
});

describe("helmPackage()", () => {
  test("packs a chart to the same bytes each time, its description first, its text untouched", async () => {
    const packed = await pack();
    expect(Buffer.compare(packed.archive, (await pack()).archive)).toBe(0);
    expect(namesIn(packed.archive)).toEqual(
      [
        "Chart.yaml",
        "Chart.lock",
        "charts/cache/Chart.yaml",
        "templates/a.yaml",
        "values-prod.yaml",
        "values.schema.json",
        "values.yaml",
      ].map((name) => `shop/${name}`),
    );
    const text = gunzipSync(packed.archive).toString();
    expect(text).toContain("# kept as it is");
    expect(text).toContain("# the shop");
    expect(packed.metadata.version).toBe("6.0.3");
  });

  test("replaces the values by the merged files and appends build metadata to the version", async () => {
    const { metadata, archive } = await pack({
      chartValuesFiles: ["values.yaml", "./values-prod.yaml"],
      values: [{ yaml: "nested: {c: 4}\nhosts: [c]\n" }],
      versionMetadata: "5",
    });
    expect(metadata.version).toBe("6.0.3+5");
    const again = await describePacked(archive);
    expect(again.metadata.version).toBe("6.0.3+5");
    expect(again.values).toEqual({ size: 1, nested: { a: 1, b: 3, c: 4 }, hosts: ["c"] });
    expect(
      (await pack({ chartValuesFiles: ["values-prod.yaml"] }).then(({ archive: one }) => describePacked(one))).values,
    ).toEqual({
      nested: { b: 3 },
      hosts: ["a", "b"],
    });
  });

  test("refuses a values file that is not there, unless missing ones are to be left out", async () => {
    const chartValuesFiles = ["values.yaml", "gone.yaml"];
    await expect(pack({ chartValuesFiles })).rejects.toThrow("no values file found at path 'gone.yaml'");
    const { archive } = await pack({ chartValuesFiles, ignoreMissing: true });
    expect((await describePacked(archive)).values).toEqual({ size: 1, nested: { a: 1, b: 2 } });
    await expect(pack({ versionMetadata: "a b" })).rejects.toThrow('"a b" is no build metadata of a version');
  });

  test("puts fetched dependencies into charts/, of a folder or an archive", async () => {
    const db = packedChart("db", { "Chart.yaml": chartYaml("db", "", "2.5.0") });
    const vendoredIn = async (archive: Uint8Array) =>
      (await describePacked(archive)).dependencies.map(({ name, vendored }) => `${name} ${vendored}`);
    const { archive } = await pack({ vendored: [db] });
    expect(await vendoredIn(archive)).toEqual(["cache 1.0.0", "db 2.5.0"]);
    expect(namesIn(archive)).toContain("shop/charts/db-2.5.0.tgz");
    const chart = { kind: "archive", content: packedChart("shop", shop) } as const;
    expect(await vendoredIn((await pack({ chart, vendored: [db] })).archive)).toEqual(["cache 1.0.0", "db 2.5.0"]);
    const linked = tarball([["db/Chart.yaml", { link: "/etc/passwd" }]]);
    await expect(pack({ vendored: [linked] })).rejects.toThrow(
      'the chart archive holds "db/Chart.yaml", which is a link',
    );
  });
});
