import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { FileTree } from "#core/source/file-tree.ts";
import { type ChartPathRef, packedChartName } from "#core/source/helm-ref.ts";
import { memoryTree, type MemoryFile } from "#core/source/memory-tree.ts";
import type { Source, SourceKey } from "#core/source/source.ts";
import type { Derived, Repository } from "#engine/ports.ts";
import { chartTools } from "#main/chart-tools.ts";
import { chartArchive } from "#test/support/chart-server.ts";
import { helmChart } from "../upstream/helm-chart.ts";
import { ChartBuilder } from "./chart-builder.ts";
import { refusal, signal, useHelmWorld } from "./testing/helm-world.ts";

vi.setConfig({ testTimeout: 30_000 });

const world = useHelmWorld();
const COMMIT = "48a197c61fc580e12fc2102643046d5f5de060b1";
const files: Readonly<Record<string, MemoryFile>> = {
  "chart/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.0.0\n",
  "chart/values.yaml": "color: red\n",
  "chart/templates/a.yaml": "a: 1\n",
  "envs/prod.yaml": "color: blue\n",
  "README.md": "hello\n",
};

let directory: string;
let builder: ChartBuilder;
let opened: { url: string; chart: string }[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "holdfast-charts-"));
  builder = fresh();
  opened = [];
});
afterEach(() => rm(directory, { recursive: true }));

/** As a process that has just started has it. */
function fresh(): ChartBuilder {
  return new ChartBuilder({ directory, tools: chartTools(() => world().bench.pool) });
}

interface Wish extends Partial<Omit<ChartPathRef, "kind">> {
  readonly commit?: string;
  readonly known?: { text: string; commit: string } | null;
  readonly name?: string;
}

async function derived(tree: Readonly<Record<string, MemoryFile>> = files, wish: Wish = {}): Promise<Derived> {
  const { commit = COMMIT, known = null, name = "app", ...changes } = wish;
  const ref: ChartPathRef = {
    kind: "chart-path",
    value: "./chart",
    valuesFiles: [],
    ignoreMissing: false,
    perRevision: false,
    versionMetadata: "",
    ...changes,
  };
  const key = `HelmChart/shop/${name}` as SourceKey;
  const source = { key, ref, timeoutMs: 20_000, origin: { source: key, name: "GitRepository source 'repo'" } };
  const revision = { text: `main@sha1:${commit}`, commit, refName: null };
  const openCharts = (at: { url: string; chart: string }): Promise<Repository> => {
    opened.push(at);
    return Promise.resolve(world().open({ url: at.url }));
  };
  return await builder.derive(
    { source: source as Source, origin: { revision, tree: memoryTree(tree) }, known, openCharts },
    signal,
  );
}

async function described(tree: FileTree) {
  expect(tree.children("")).toEqual([packedChartName]);
  const content = (await tree.read([packedChartName], signal)).get(packedChartName)!;
  return await helmChart(world().bench.pool, { kind: "archive", content }, signal);
}

/** How many charts are on disk. */
async function kept(): Promise<number> {
  return (await readdir(join(directory, "contents"))).length;
}

function countRequests() {
  return vi.spyOn(world().bench.pool, "request");
}

describe("a chart in a folder", () => {
  test("is packed, to the same bytes whenever its files are the same", async () => {
    const first = await derived();
    expect(first).toMatchObject({ refName: "1.0.0", chart: { name: "app", isPacked: true, valuesFiles: [] } });
    expect(first.commit).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await described(first.tree)).toMatchObject({
      metadata: { name: "app", version: "1.0.0" },
      files: ["Chart.yaml", "templates/a.yaml", "values.yaml"],
    });
    builder = fresh();
    expect((await derived({ ...files, "README.md": "bye" })).commit).toBe(first.commit);
  });

  test("is not read again while only other files change", async () => {
    const { tree, commit, refName } = await derived();
    const requests = countRequests();
    const known = { text: refName, commit };
    const others = { ...files, "README.md": "bye", "other/Chart.yaml": "" };
    const again = await derived(others, { known, commit: "b".repeat(40) });
    expect([requests.mock.calls.length, again.tree === tree]).toEqual([0, true]);
  });

  test("stays what it is while its version does, and is new with a new one", async () => {
    const first = await derived();
    const known = { text: "1.0.0", commit: first.commit };
    const changed = { ...files, "chart/templates/a.yaml": "a: 2\n" };
    expect(await derived(changed, { known })).toMatchObject({ commit: first.commit, refName: "1.0.0" });
    builder = fresh();
    expect(await derived(changed, { known })).toMatchObject({ commit: first.commit, refName: "1.0.0" });
    const raised = { ...changed, "chart/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.0.1\n" };
    const second = await derived(raised, { known });
    expect(second.refName).toBe("1.0.1");
    expect(second.commit).not.toBe(first.commit);
  });

  test("that is kept does not ask for its values files", async () => {
    const wish = { valuesFiles: ["envs/prod.yaml"], versionMetadata: "2" };
    const first = await derived(files, wish);
    const rest = { ...files, "chart/templates/a.yaml": "a: 2\n", "envs/prod.yaml": { link: "none" } };
    const known = { text: first.refName, commit: first.commit };
    expect((await derived(rest, { ...wish, known })).commit).toBe(first.commit);
    expect(await refusal(derived(rest, wish))).toMatchObject({ failure: "missing-path" });
  });

  test("that is kept is made anew when it is lost", async () => {
    const first = await derived();
    builder = fresh();
    expect(await builder.recall(first.commit, signal)).not.toBeNull();
    await rm(join(directory, "contents"), { recursive: true });
    builder = fresh();
    expect(await builder.recall(first.commit, signal)).toBeNull();
    expect((await derived(files, { known: { text: "1.0.0", commit: first.commit } })).commit).toBe(first.commit);
  });

  test("that nobody asks for any more is forgotten, but not just after a start", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      const make = (at: number) => derived({ ...files, "chart/values.yaml": `at: ${at}\n` }, { name: `app-${at}` });
      for (let at = 0; at < 40; at += 1) await make(at);
      builder = fresh();
      await make(40);
      expect(await kept()).toBe(41);
      vi.advanceTimersByTime(3_600_000);
      await make(41);
      expect(await kept()).toBe(34);
    } finally {
      vi.useRealTimers();
    }
  });

  test("is a new version for each revision, when that is asked for", async () => {
    const perRevision = true;
    const first = await derived(files, { perRevision });
    expect(first.refName).toBe("1.0.0+48a197c61fc5");
    const second = await derived(files, { perRevision, commit: `sha256:${"c".repeat(64)}` });
    expect(second.refName).toBe("1.0.0+cccccccccccc");
    const valued = { perRevision, versionMetadata: "4", valuesFiles: ["envs/prod.yaml"] };
    expect((await derived(files, valued)).refName).toBe("1.0.0+48a197c61fc5.4");
  });

  test("has the values of files of the whole source, merged, in place of its own", async () => {
    const valuesFiles = ["./chart/values.yaml", "envs/none.yaml", "envs/prod.yaml"];
    const tree = { ...files, "chart/values.yaml": "color: red\nsize: 1\n" };
    const made = await derived(tree, { valuesFiles, ignoreMissing: true, versionMetadata: "2" });
    expect(made.chart.valuesFiles).toEqual(["./chart/values.yaml", "envs/prod.yaml"]);
    expect(await described(made.tree)).toMatchObject({
      metadata: { version: "1.0.0+2" },
      values: { color: "blue", size: 1 },
    });
    const other = await derived({ ...tree, "envs/prod.yaml": "color: green\n" }, { valuesFiles, ignoreMissing: true });
    expect((await described(other.tree)).values).toMatchObject({ color: "green" });
    const none = await derived(tree, { valuesFiles: ["none.yaml"], ignoreMissing: true });
    expect((await described(none.tree)).values).toEqual({});
  });

  const refusals = [
    {
      name: "a path where nothing is",
      wish: { value: "./nowhere" },
      failure: "ref",
      says: `GitRepository source 'repo': there is no "./nowhere"`,
    },
    { name: "a path from the root", wish: { value: "/chart" }, failure: "ref", says: "is not relative" },
    {
      name: "a folder that is no chart",
      wish: { value: "envs" },
      failure: "ref",
      says: '"envs" has neither a Chart.yaml',
    },
    { name: "a chart that lies deeper", wish: { value: "." }, failure: "ref", says: 'charts are in "chart"' },
    {
      name: "values that are not there",
      wish: { valuesFiles: ["envs/none.yaml"] },
      failure: "missing-path",
      says: "no values file found at path 'envs/none.yaml' of GitRepository source 'repo'",
    },
    {
      name: "values that are none",
      wish: { valuesFiles: ["README.md"] },
      failure: "missing-path",
      says: "README.md",
    },
  ];
  for (const { name, wish, failure, says } of refusals) {
    test(`refuses ${name}`, async () => {
      const told = await refusal(derived(files, wish));
      expect(told).toMatchObject({ failure, message: expect.stringContaining(says) as string });
      expect(told.message).not.toContain(tmpdir());
    });
  }

  test("refuses a Chart.yaml that cannot be read, and takes it once it can", async () => {
    const broken = { ...files, "chart/Chart.yaml": "name: app\nversion: [\n" };
    expect(await refusal(derived(broken))).toMatchObject({ failure: "ref" });
    expect((await derived()).refName).toBe("1.0.0");
  });
});

describe("a packed chart", () => {
  const packed = { "dist/web.tgz": chartArchive("web", "2.0.0", {}) };

  test("is taken as it is", async () => {
    const made = await derived(packed, { value: "dist/web.tgz" });
    expect(made).toMatchObject({ refName: "2.0.0", chart: { name: "web", isPacked: false } });
    const content = (await made.tree.read([packedChartName], signal)).get(packedChartName)!;
    expect(Buffer.compare(content, packed["dist/web.tgz"])).toBe(0);
  });

  test("is packed anew where its values or its version change", async () => {
    const tree = { ...packed, "v.yaml": "a: 1\n" };
    const made = await derived(tree, { value: "dist/web.tgz", valuesFiles: ["v.yaml"], versionMetadata: "7" });
    expect(made).toMatchObject({ refName: "2.0.0+7", chart: { isPacked: true } });
    expect((await described(made.tree)).values).toEqual({ a: 1 });
  });
});

describe("dependencies", () => {
  const needs = (dependencies: string) => ({
    ...files,
    "chart/Chart.yaml": `apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n${dependencies}`,
  });
  const inCharts = async (tree: FileTree) =>
    (await described(tree)).dependencies.map(({ name, vendored }) => `${name} ${vendored}`);

  test("come from their repository, as the lock says where there is one", async () => {
    world().server.publish("db", "1.0.0");
    world().server.publish("db", "1.1.0");
    const { url } = world().server;
    const tree = needs(`  - {name: db, version: 1.x, repository: "${url}"}\n`);
    expect(await inCharts((await derived(tree)).tree)).toEqual(["db 1.1.0"]);
    expect(opened).toEqual([{ url, chart: "db" }]);
    const lock = `dependencies:\n- {name: db, version: 1.0.0, repository: "${url}"}\ndigest: sha256:0\ngenerated: "2026-01-01T00:00:00Z"\n`;
    const locked = await derived({ ...tree, "chart/Chart.lock": lock });
    expect(await inCharts(locked.tree)).toEqual(["db 1.0.0"]);
    const known = { text: locked.refName, commit: locked.commit };
    await derived({ ...tree, "chart/Chart.lock": lock, "README.md": "bye" }, { known });
    expect(opened).toHaveLength(2);
  });

  test("come from the same source", async () => {
    const tree = {
      ...needs('  - {name: lib, version: ">=1", repository: "file://../lib"}\n'),
      "lib/Chart.yaml": "apiVersion: v2\nname: lib\nversion: 1.2.0\ntype: library\n",
      "lib/templates/_x.tpl": "x",
    };
    const first = await derived(tree);
    expect(await inCharts(first.tree)).toEqual(["lib 1.2.0"]);
    expect(opened).toEqual([]);
  });

  test("that it holds are not looked for", async () => {
    const tree = {
      ...needs('  - {name: db, version: 1.x, repository: "https://charts.invalid"}\n'),
      "chart/charts/db-1.0.0.tgz": chartArchive("db", "1.0.0", {}),
    };
    expect(await inCharts((await derived(tree)).tree)).toEqual(["db 1.0.0"]);
    expect(opened).toEqual([]);
  });

  const refusals = [
    { dependency: '{name: db, version: 1.x, repository: ""}', says: "it names no repository; put it into charts/" },
    { dependency: '{name: db, version: 1.x, repository: "ftp://ada:canary@x/y"}', says: '"ftp://x/y" is no address' },
    { dependency: '{name: db, version: 1.x, repository: "@stable"}', says: '"@stable" is no address' },
    { dependency: '{name: db, version: 1.x, repository: "https://ada:canary@x/y"}', says: "it holds credentials" },
    { dependency: '{name: db, version: 1.x, repository: "oci://ada:canary@x/y"}', says: "" },
    { dependency: '{name: db, version: 1.x, repository: "file://../../none"}', says: 'there is no "none"' },
    { dependency: '{name: lib, version: 2.x, repository: "file://../lib"}', says: "has the version 1.2.0, not 2.x" },
  ];
  for (const { dependency, says } of refusals) {
    test(`refuses ${dependency}`, async () => {
      const lib = { "lib/Chart.yaml": "apiVersion: v2\nname: lib\nversion: 1.2.0\n" };
      const told = await refusal(derived({ ...needs(`  - ${dependency}\n`), ...lib }));
      expect(told).toMatchObject({ failure: "dependency", message: expect.stringContaining(says) as string });
      expect(told.message).toContain("failed to add the dependency");
      expect(told.message).not.toContain("canary");
    });
  }

  test("that their repository does not hold are told of with their name", async () => {
    world().server.publish("dbs", "1.0.0");
    const tree = needs(`  - {name: db, version: 1.x, repository: "${world().server.url}"}\n`);
    const told = await refusal(derived(tree));
    expect(told.message).toMatch(/^failed to add the dependency 'db' 1\.x: .*the closest names are 'dbs'/);
  });
});
