import { afterAll, describe, expect, test, vi } from "vitest";
import { HelmBench } from "./helm-bench.ts";
import { helmIndex } from "./helm-index.ts";
import type { WantedChart } from "./helm-index.ts";

vi.setConfig({ testTimeout: 30_000 });

const bench = new HelmBench();
afterAll(() => bench.pool.close());
const signal = new AbortController().signal;

const entry = (name: string, version: string, more = "") =>
  `  - apiVersion: v2\n    name: ${name}\n    version: ${version}\n    created: "2026-01-01T00:00:00Z"\n    digest: d-${version}\n${more}    urls:\n    - charts/${name}-${version}.tgz\n`;
const plain = `apiVersion: v1
# written by hand
entries:
  nginx:
${entry("nginx", "1.2.0", "    description: |\n      entries:\n        web: a *server* & more\n")}${entry("nginx", "1.10.0")}${entry("nginx", "2.0.0-rc.1")}
  "redis":
${entry("redis", "7.0.0+1")}${entry("redis", "7.0.0+2").replace("2026-01-01", "2026-02-01")}${entry("redis", "not.a.version")}
  empty: []
generated: "2026-01-01T00:00:00Z"
`;
const asJSON = JSON.stringify({
  entries: {
    nginx: ["1.2.0", "1.10.0", "2.0.0-rc.1"].map((version) => ({
      name: "nginx",
      version,
      digest: `d-${version}`,
      urls: [`charts/nginx-${version}.tgz`],
    })),
    redis: [],
  },
  apiVersion: "v1",
});

const ask = (index: string | Uint8Array, ...charts: WantedChart[]) =>
  helmIndex(bench.pool, { index: Buffer.from(index), charts }, signal);
const versions = async (index: string, ...charts: WantedChart[]) =>
  (await ask(index, ...charts)).charts.map((chart) =>
    "version" in chart ? chart.version : `${chart.code}: ${chart.message}`,
  );

describe("helmIndex()", () => {
  const choices: [wanted: string | undefined, chosen: string][] = [
    [undefined, "1.10.0"],
    ["*", "1.10.0"],
    ["1.2.0", "1.2.0"],
    ["<1.5", "1.2.0"],
    [">=1.0.0-0", "2.0.0-rc.1"],
    ["~1.2", "1.2.0"],
    ["^3", "no-version: no 'nginx' chart with version matching '^3' found"],
    ["latest!", 'invalid-version: "latest!" is no version or range of versions'],
  ];
  test.each(choices)("chooses for %s version %s, from YAML and JSON", async (wanted, chosen) => {
    const chart = wanted === undefined ? { name: "nginx" } : { name: "nginx", version: wanted };
    expect(await versions(plain, chart)).toEqual([chosen]);
    expect(await versions(asJSON, chart)).toEqual([chosen]);
  });

  test("takes the youngest of equal versions and leaves out what is no version", async () => {
    expect(await versions(plain, { name: "redis", version: ">=7" }, { name: "redis", version: "7.0.0+1" })).toEqual([
      "7.0.0+2",
      "7.0.0+1",
    ]);
  });

  test("answers with the addresses and the digest of the chosen version only", async () => {
    const { charts, count } = await ask(plain, { name: "nginx", version: "1.2" });
    expect(count).toBe(3);
    expect(charts).toEqual([
      {
        name: "nginx",
        version: "1.2.0",
        urls: ["charts/nginx-1.2.0.tgz"],
        digest: "d-1.2.0",
        created: "2026-01-01T00:00:00Z",
        metadata: {
          name: "nginx",
          version: "1.2.0",
          apiVersion: "v2",
          description: "entries:   web: a *server* & more ",
        },
      },
    ]);
  });

  test("names the nearest charts of one that is missing", async () => {
    const { charts } = await ask(plain, { name: "ngnix" }, { name: "empty" }, { name: "something-else" });
    expect(charts).toEqual([
      { name: "ngnix", code: "no-chart", message: "no chart name found", near: ["nginx"] },
      { name: "empty", code: "no-version", message: "no chart version found" },
      { name: "something-else", code: "no-chart", message: "no chart name found" },
    ]);
  });

  test("reads any YAML, also what is not one key a line", async () => {
    const flow = `apiVersion: v1\nentries: {nginx: [{name: nginx, version: 1.2.0, urls: [a]}]}\n`;
    const anchored = `apiVersion: v1\nentries:\n  a: &all\n  - &one {name: a, version: 1.0.0, urls: [x]}\n  b:\n  - *one\n`;
    expect(await versions(flow, { name: "nginx" })).toEqual(["1.2.0"]);
    expect(await versions(anchored, { name: "b" })).toEqual(["1.0.0"]);
    expect(await versions(plain.replaceAll("\n", "\r\n"), { name: "nginx" })).toEqual(["1.10.0"]);
  });

  test("refuses what is no index", async () => {
    await expect(ask("", { name: "a" })).rejects.toThrow("empty index.yaml file");
    await expect(ask("entries: {}\n", { name: "a" })).rejects.toThrow("no API version specified");
    await expect(ask("<html>\n<p>: no", { name: "a" })).rejects.toThrow(/^index\.yaml:\d: |cannot unmarshal/);
    await expect(ask(Buffer.alloc(50 * 2 ** 20 + 1, 32), { name: "a" })).rejects.toThrow(
      "the index has more than the allowed 50 MiB",
    );
  });

  test("reads 44 MiB of index within the memory of a helper", async () => {
    const padding = `    description: ${"a chart like many others ".repeat(23)}\n`;
    const parts = ["apiVersion: v1\nentries:\n"];
    for (let chart = 0; chart < 3000; chart++) {
      parts.push(`  chart-${chart}:\n`);
      for (let minor = 0; minor < 21; minor++) parts.push(entry(`chart-${chart}`, `1.${minor}.0`, padding));
    }
    const index = parts.join("");
    expect(index.length).toBeGreaterThan(44 * 2 ** 20);
    expect(await versions(index, { name: "chart-2999", version: "<1.20" }, { name: "chart-0" })).toEqual([
      "1.19.0",
      "1.20.0",
    ]);
  });
});
