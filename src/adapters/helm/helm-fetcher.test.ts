import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { packedChartName } from "#core/source/helm-ref.ts";
import type { ServiceAccountIdentity } from "#engine/cloud-identity.ts";
import { chartArchive } from "#test/support/chart-server.ts";
import { type OciRegistry, startOciRegistry } from "#test/support/oci-registry.ts";
import { helmChart } from "../upstream/helm-chart.ts";
import { ociFetcher } from "../oci/oci-fetcher.ts";
import { digestOf } from "./chart-store.ts";
import type { ChartTools } from "./chart-tools.ts";
import { helmFetcher } from "./helm-fetcher.ts";
import { chart, contentOf, refusal, signal, synced, useHelmWorld } from "./testing/helm-world.ts";

vi.setConfig({ testTimeout: 30_000 });

const world = useHelmWorld();
const chartType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const index = { kind: "index", value: "index.yaml" } as const;
let registry: OciRegistry;

beforeAll(async () => {
  registry = await startOciRegistry();
});
afterAll(() => registry.stop());

describe("a repository with an index", () => {
  test("gives the highest version in a range, packed as it was published", async () => {
    const packed = world().server.publish("web", "1.2.0");
    world().server.publish("web", "2.0.0");
    const repository = world().open();
    const result = await synced(repository, chart("web", "1.x"));
    expect(result).toMatchObject({ commit: digestOf(packed), refName: "1.2.0" });
    expect((await repository.tree(result.commit, signal)).children("")).toEqual([packedChartName]);
    expect(Buffer.compare(await contentOf(repository, result.commit), packed)).toBe(0);
  });

  test("is asked once for all charts, and sends an index that did not change once", async () => {
    world().server.publish("web", "1.0.0");
    world().server.publish("db", "1.0.0");
    const repository = world().open();
    const refs = [index, chart("web"), chart("db"), chart("web", "1.x")];
    await repository.sync(refs, { timeoutMs: 20_000 }, signal);
    expect(world().server.asked()).toEqual(["index.yaml", "web-1.0.0.tgz", "db-1.0.0.tgz"]);
    await repository.sync(refs, { timeoutMs: 20_000 }, signal);
    expect(world().server.requests).toMatchObject([{ isConditional: true }]);
    world().server.asked();
    const again = world().open();
    const [told] = await again.sync(refs, { timeoutMs: 20_000 }, signal);
    expect(world().server.asked()).toEqual(["index.yaml"]);
    expect(await again.holds((told as { commit: string }).commit, signal)).toBe(true);
  });

  test("follows new versions, and its index has the digest of its bytes", async () => {
    world().server.publish("web", "1.0.0");
    const repository = world().open();
    const first = await synced(repository, index);
    expect(digestOf(await contentOf(repository, first.commit))).toBe(first.commit);
    world().server.publish("web", "1.1.0");
    expect((await synced(repository, chart("web"))).refName).toBe("1.1.0");
    expect((await synced(repository, index)).commit).not.toBe(first.commit);
  });

  test("names charts like the one that is missing, and the range that nothing fits", async () => {
    world().server.publish("nginx", "1.0.0");
    const repository = world().open();
    expect(await refusal(synced(repository, chart("ngnix")))).toEqual({
      failure: "ref",
      message:
        "no 'ngnix' chart with version matching '*' found in <server>/: it has no chart of this name; the closest names are 'nginx'",
    });
    const noVersion = await refusal(synced(repository, chart("nginx", "9.x")));
    expect(noVersion.message).toBe("no 'nginx' chart with version matching '9.x' found in <server>/");
    expect((await refusal(synced(repository, chart("nginx", "new")))).failure).toBe("ref");
  });

  const refusals = [
    { name: "another digest", chart: { digest: "0".repeat(64) }, says: "the index says" },
    { name: "another name", chart: { holds: "other" }, says: "it holds a chart named 'other'" },
    { name: "no place for http", chart: { place: "file:///etc/passwd" }, says: "which is no address for http" },
    { name: "a place that is empty", chart: { place: "charts/gone.tgz" }, says: "there is no such file" },
    { name: "a size beyond the limit", chart: { files: { pad: randomText(60_000) } }, says: "larger than 30000" },
  ];
  for (const { name, chart: published, says } of refusals) {
    test(`a chart with ${name} is refused, and the others are not`, async () => {
      world().server.publish("web", "1.0.0", published);
      world().server.publish("db", "1.0.0");
      const repository = world().open({ maxBytes: 30_000 });
      const [web, db] = await repository.sync([chart("web"), chart("db")], { timeoutMs: 20_000 }, signal);
      expect(String((web as { error: Error }).error.message)).toContain(says);
      expect(db).toMatchObject({ refName: "1.0.0" });
    });
  }

  test("that sends no index is refused, and is asked in full again", async () => {
    world().server.publish("web", "1.0.0");
    const repository = world().open();
    await synced(repository, index);
    world().server.index = "<html>";
    expect((await refusal(synced(repository, index))).message).toContain("Cannot read the index of <server>/");
    world().server.index = undefined;
    world().server.status = 503;
    expect(await refusal(synced(repository, index))).toEqual({
      failure: "fetch",
      message: "Cannot read the index <server>/index.yaml: the server answers 503",
    });
    world().server.status = undefined;
    await synced(repository, index);
  });

  test("that cannot be reached is told, and what it gave before can be read", async () => {
    const packed = world().server.publish("web", "1.0.0");
    const { commit } = await synced(world().open(), chart("web"));
    await world().server.stop();
    const repository = world().open();
    const { failure, message } = await refusal(synced(repository, chart("web")));
    expect([failure, message]).toEqual(["fetch", expect.stringContaining("cannot be reached") as unknown]);
    expect(Buffer.compare(await contentOf(repository, commit), packed)).toBe(0);
    expect((await refusal(repository.tree(`sha256:${"0".repeat(64)}`, signal))).failure).toBe("ref");
  });

  test("packs a chart anew with other values and says so in its version", async () => {
    world().server.publish("web", "1.0.0", { files: { "values-prod.yaml": "size: 9\n" } });
    const repository = world().open();
    const repack = { valuesFiles: ["values.yaml", "values-prod.yaml"], ignoreMissing: false, versionMetadata: "4" };
    const { commit, refName } = await synced(repository, chart("web", "*", repack));
    expect(refName).toBe("1.0.0+4");
    const archive = { kind: "archive", content: await contentOf(repository, commit) } as const;
    const { metadata, values } = await helmChart(world().bench.pool, archive, signal);
    expect([metadata.version, values]).toEqual(["1.0.0+4", { size: 9 }]);
    const missing = { ...repack, valuesFiles: ["gone.yaml"] };
    const { failure, message } = await refusal(synced(repository, chart("web", "*", missing)));
    expect([failure, message]).toEqual(["missing-path", expect.stringContaining("gone.yaml") as unknown]);
    await synced(repository, chart("web", "*", { ...missing, ignoreMissing: true }));
  });

  test("fetches again what the disk lost or changed, and keeps what is followed", async () => {
    for (const version of ["1.0.0", "1.1.0", "1.2.0", "1.3.0"]) world().server.publish("web", version);
    const repository = world().open();
    for (const version of ["1.0.0", "1.1.0", "1.2.0"]) await synced(repository, chart("web", version));
    const { commit } = await synced(repository, chart("web"));
    const [folder = ""] = await readdir(join(world().directory, "helm", "repositories"));
    const contents = join(world().directory, "helm", "repositories", folder, "contents");
    // The index, the chart that is followed and one other.
    expect(await readdir(contents)).toHaveLength(3);
    await writeFile(join(contents, commit.slice("sha256:".length)), "changed");
    expect((await refusal(contentOf(repository, commit))).message).toContain("is damaged");
    await synced(repository, chart("web"));
    expect(digestOf(await contentOf(repository, commit))).toBe(commit);
  });

  test("keeps what is in use while its successor cannot be had", async () => {
    world().server.publish("web", "1.0.0");
    const repository = world().open();
    const { commit } = await synced(repository, chart("web"));
    for (const name of ["a", "b", "c"]) world().server.publish(name, "1.0.0");
    world().server.publish("web", "1.1.0", { digest: "0".repeat(64) });
    const refs = [chart("web"), chart("a")];
    await repository.sync(refs, { timeoutMs: 20_000 }, signal);
    await repository.sync([chart("web"), chart("b"), chart("c")], { timeoutMs: 20_000 }, signal);
    expect(digestOf(await contentOf(repository, commit))).toBe(commit);
  });

  test("is not written to disk again while nothing changes", async () => {
    world().server.publish("web", "1.0.0");
    const repository = world().open();
    await synced(repository, chart("web"));
    const [folder = ""] = await readdir(join(world().directory, "helm", "repositories"));
    const notes = join(world().directory, "helm", "repositories", folder, "notes.json");
    const { ino } = await stat(notes);
    await synced(repository, chart("web"));
    expect((await stat(notes)).ino).toBe(ino);
  });
});

describe("a chart in a registry", () => {
  test("is read with what a cloud gives to its own service account, which others do not share", () => {
    const directory = world().directory;
    const asked: string[] = [];
    const registryPassword = () => Promise.reject(new Error("not asked yet"));
    const mustServe = ({ cloud, registry: host }: { cloud: string; registry: string }) =>
      asked.push(`${cloud} ${host}`);
    const oci = ociFetcher({ directory: join(directory, "oci-of-cloud"), clouds: { registryPassword, mustServe } });
    const fetcher = helmFetcher({ directory: join(directory, "helm-of-cloud"), oci, tools: {} as ChartTools });
    const open = (namespace: string) => {
      const identity = { namespace, name: "reader" } as ServiceAccountIdentity;
      const remote = { kind: "helm", passCredentials: false, insecure: false, cloud: "aws" } as const;
      return fetcher.open({ url: "oci://registry.example/charts/web", remote }, { identity });
    };
    expect(open("one")).toBe(open("one"));
    expect(open("one")).not.toBe(open("two"));
    expect(new Set(asked)).toEqual(new Set(["aws registry.example"]));
  });

  let count = 0;
  const publish = async (name: string, tag: string, content = chartArchive("web", tag.replace("_", "+"))) =>
    await registry.push(name, tag, { layers: [{ mediaType: chartType, content }] });

  test("is the tag with the highest version, in which _ stands for +", async () => {
    const name = `charts-${count++}/web`;
    await publish(name, "1.0.0");
    await publish(name, "1.1.0_5");
    await publish(name, "2.0.0");
    const repository = world().open({ url: registry.url(name) });
    const results = await repository.sync(
      [chart("web", "1.x"), chart("web", "1.0.0"), chart("web", "1.1.0+5")],
      { timeoutMs: 20_000 },
      signal,
    );
    expect(results.map((result) => "refName" in result && result.refName)).toEqual(["1.1.0+5", "1.0.0", "1.1.0+5"]);
    const content = await contentOf(repository, (results[0] as { commit: string }).commit);
    expect((await helmChart(world().bench.pool, { kind: "archive", content }, signal)).metadata.version).toBe(
      "1.1.0+5",
    );
  });

  test("is verified as the artifact that it was pulled as, also when packed anew and after a restart", async () => {
    const name = `charts-${count++}/web`;
    const artifact = await publish(name, "1.0.0");
    const checked: string[] = [];
    const open = () =>
      world().open({
        url: registry.url(name),
        check: ({ digest }) => {
          checked.push(digest);
          return Promise.resolve({ key: "K" });
        },
      });
    const repack = { valuesFiles: ["values.yaml"], ignoreMissing: true, versionMetadata: "7" };
    const repository = open();
    const { commit } = await synced(repository, chart("web", "*", repack));
    expect(commit).not.toBe(artifact);
    const signed = { provider: "cosign", identities: [] } as const;
    const request = { commit, refName: "1.0.0+7", signed, keys: null };
    expect(await repository.verify(request, signal)).toMatchObject([{ what: "artifact", name: artifact }]);
    await open().verify(request, signal);
    expect(checked).toEqual([artifact, artifact]);
    const unknown = { ...request, commit: `sha256:${"1".repeat(64)}` };
    expect((await refusal(open().verify(unknown, signal))).message).toContain("it is not here any more");
    expect((await refusal(world().open().verify(request, signal))).message).toContain("only charts of registries");
  });

  test("that is missing or none is refused", async () => {
    const name = `charts-${count++}/web`;
    await publish(name, "1.0.0");
    const repository = world().open({ url: registry.url(name) });
    expect((await refusal(synced(repository, chart("web", "9.x")))).failure).toBe("ref");
    await registry.push(name, "2.0.0", { files: { a: "no chart" } });
    expect((await refusal(synced(repository, chart("web", "2.0.0")))).message).toContain("no layer has the media type");
    await publish(name, "3.0.0", Buffer.from("text"));
    expect((await refusal(synced(repository, chart("web", "3.0.0")))).message).toContain(
      "Cannot use the chart web 3.0.0",
    );
  });
});

/** Text that does not pack well. */
function randomText(length: number): string {
  let state = 7;
  const next = () => (state = (state * 48_271) % 2_147_483_647);
  return Array.from({ length }, () => String.fromCharCode(33 + (next() % 90))).join("");
}
