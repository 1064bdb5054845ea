import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { chartPlace } from "#core/source/chart-place.ts";
import { copiedLayerName } from "#core/source/remote.ts";
import { chartArchive } from "#test/support/chart-server.ts";
import { contentType } from "#test/support/oci-registry.ts";
import { tarballOf, tarOf } from "#test/support/tarball.ts";
import { sourceLimits } from "../archive/archive-limits.ts";
import { latest, pulled, refused, signal, synced, text, useOciWorld } from "./testing/oci-world.ts";

const world = useOciWorld();
const chartType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const indexType = "application/vnd.oci.image.index.v1+json";
const manifestType = "application/vnd.oci.image.manifest.v1+json";

async function pushLayers(...layers: { mediaType?: string; content: Uint8Array }[]): Promise<string> {
  const typed = layers.map(({ mediaType = contentType, content }) => ({ mediaType, content }));
  return await world().registry.push(world().name, "latest", { layers: typed });
}

describe("the layer", () => {
  test("is the first one unless a media type is named", async () => {
    await pushLayers(
      { content: tarballOf({ a: "first" }) },
      { mediaType: chartType, content: tarballOf({ a: "chart" }) },
      { mediaType: chartType, content: tarballOf({ a: "another chart" }) },
    );
    expect(await text(await pulled(world().open()), "a")).toBe("first");
    expect(await text(await pulled(world().open({ layer: { mediaType: chartType } })), "a")).toBe("chart");
  });

  test("that none has the named media type says which there are", async () => {
    const digest = await pushLayers({ content: tarballOf({ a: "a" }) });
    const { registry, name, open } = world();
    const { failure, message } = await refused(synced(open({ layer: { mediaType: "text/plain" } })));
    expect(failure).toBe("fetch");
    expect(message).toContain(
      `Cannot use ${registry.host}/${name}@${digest}: no layer has the media type "text/plain"`,
    );
    expect(message).toContain(`they have "${contentType}"`);
  });

  test("must be there", async () => {
    await pushLayers();
    expect((await refused(synced(world().open()))).message).toContain("it has no layers");
  });

  test("becomes one file when it is copied, whatever it holds", async () => {
    const content = tarballOf({ a: "a" });
    await pushLayers({ content });
    const tree = await pulled(world().open({ layer: { operation: "copy" } }));
    expect(tree.children("")).toEqual([copiedLayerName]);
    expect((await tree.read([copiedLayerName], signal)).get(copiedLayerName)).toEqual(content);
  });

  test("that holds a chart shows it in a folder, or packed when it is copied", async () => {
    await pushLayers(
      { content: tarballOf({ other: "x" }) },
      { mediaType: chartType, content: chartArchive("web", "1.0.0") },
    );
    const layer = { mediaType: chartType };
    const unpacked = await pulled(world().open({ layer }));
    expect(chartPlace(unpacked, "")).toEqual({ kind: "folder", path: "web" });
    const copied = await pulled(world().open({ layer: { ...layer, operation: "copy" } }));
    expect(chartPlace(copied, "")).toEqual({ kind: "archive", file: copiedLayerName });
  });

  test("that changed on its way is refused, with both digests", async () => {
    await pushLayers({ content: tarballOf({ a: "a" }) });
    const { registry, open } = world();
    registry.behaviour.fault = ({ path }) =>
      path.includes("/blobs/")
        ? { change: (body) => Buffer.from(body.map((byte, at) => (at === 20 ? byte ^ 1 : byte))) }
        : undefined;
    const { code, message } = await refused(synced(open()));
    expect(code).toBe("digest-mismatch");
    expect(message).toMatch(/what came has the digest sha256:\w{64}, not sha256:\w{64}$/);
  });

  test("that is longer than its manifest says is read no further", async () => {
    await pushLayers({ content: tarballOf({ a: "a" }) });
    const { registry, open } = world();
    registry.behaviour.fault = ({ path }) =>
      path.includes("/blobs/") ? { change: (body) => Buffer.concat([body, Buffer.alloc(5 << 20)]) } : undefined;
    expect((await refused(synced(open()))).message).toContain("longer than its manifest says");
  });

  test("over the limit is not even asked for", async () => {
    await pushLayers({ content: Buffer.alloc((1 << 20) + 1) });
    const { open, asked } = world();
    const { code, message } = await refused(synced(open({ limits: { maxBlobBytes: 1 << 20 } })));
    expect(code).toBe("too-large");
    expect(message).toContain("its layer is larger than 1 MiB");
    expect(asked()).toEqual(["HEAD manifests/latest", "GET manifests/sha256"]);
  });

  const contents = [
    { name: "is no archive", content: Buffer.from("text"), code: "refused-content", says: "not gzip" },
    {
      name: "holds a name that leads outside",
      content: gzipSync(tarOf([{ name: "../x" }])),
      code: "refused-content",
      says: '"../x" leads outside',
    },
    {
      name: "holds a file that is also a folder",
      content: gzipSync(tarOf([{ name: "a" }, { name: "a/b" }])),
      code: "refused-content",
      says: '"a" is both a file and a folder',
    },
    {
      name: "unpacks to 800 times its size",
      content: gzipSync(tarOf([{ name: "zeros", content: Buffer.alloc(10 << 20) }])),
      code: "too-large",
      says: "200 times its size",
    },
  ];
  for (const { name, content, code, says } of contents) {
    test(`that ${name} is refused, and the artifact named`, async () => {
      const digest = await pushLayers({ content });
      const { registry, name: repository, open } = world();
      const repositoryOpened = open();
      const error = await refused(synced(repositoryOpened));
      expect(error.code).toBe(code);
      expect(error.message).toContain(`Cannot use ${registry.host}/${repository}@${digest}: cannot unpack the archive`);
      expect(error.message).toContain(says);
      expect(await repositoryOpened.holds(digest, signal)).toBe(false);
    });
  }

  test("keeps hard links and marks, and loses symbolic links", async () => {
    const entries = [
      { name: "run.sh", content: "run", mode: 0o755 },
      { name: "empty" },
      { name: "same.sh", type: "1", link: "run.sh" },
      { name: "out", type: "2", link: "/etc/passwd" },
    ];
    await pushLayers({ content: gzipSync(tarOf(entries)) });
    const tree = await pulled(world().open());
    expect(tree.children("")).toEqual(["empty", "run.sh", "same.sh"]);
    expect(tree.entry("run.sh")).toMatchObject({ executable: true, size: 3 });
    expect(await text(tree, "same.sh")).toBe("run");
    expect(await text(tree, "empty")).toBe("");
    await expect(tree.read(["out"], signal)).rejects.toThrow('Cannot read "out"');
  });

  test("of many MiB and files is kept as it is", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 300 }, (_, at) => [`folder-${at % 7}/file-${at}`, `${at} `.repeat(5_000)]),
    );
    await pushLayers({ content: tarballOf(files) });
    const limits = { archive: { ...sourceLimits, maxRatio: 1_000 } };
    const tree = await pulled(world().open({ limits }));
    for (const path of Object.keys(files)) expect(await text(tree, path)).toBe(files[path]);
  });
});

describe("the manifest", () => {
  test("of an index is the one for the platform that clients take by default, followed by the digest of the index", async () => {
    const { registry, name, open } = world();
    const described = async (tag: string, files: Record<string, string>, platform?: Record<string, string>) => {
      const digest = await registry.push(name, tag, { files });
      const { size } = { size: 1 };
      return { mediaType: manifestType, digest, size, ...(platform && { platform }) };
    };
    const arm = await described("arm", { a: "arm" }, { os: "linux", architecture: "arm64" });
    const plain = await described("plain", { a: "plain" });
    const body = { schemaVersion: 2, mediaType: indexType, manifests: [arm, plain] };
    const digest = await registry.pushManifest(name, "latest", { mediaType: indexType, body });
    const repository = open();
    expect((await synced(repository)).commit).toBe(digest);
    expect(await text(await repository.tree(digest, signal), "a")).toBe("plain");
    const armOnly = { schemaVersion: 2, mediaType: indexType, manifests: [arm] };
    await registry.pushManifest(name, "latest", { mediaType: indexType, body: armOnly });
    expect((await refused(synced(repository))).message).toContain("an index without a manifest for linux/amd64");
  });

  test("that changed on its way is refused", async () => {
    const { registry, open } = world();
    await pushLayers({ content: tarballOf({ a: "a" }) });
    registry.behaviour.fault = ({ method, path }) =>
      method === "GET" && path.includes("/manifests/")
        ? { change: (body) => Buffer.concat([body, Buffer.from(" ")]) }
        : undefined;
    expect((await refused(synced(open(), latest))).code).toBe("digest-mismatch");
  });

  test("over 4 MiB is refused", async () => {
    const { registry, open } = world();
    await pushLayers({ content: tarballOf({ a: "a" }) });
    registry.behaviour.fault = ({ method, path }) =>
      method === "GET" && path.includes("/manifests/") ? { change: () => Buffer.alloc(5 << 20) } : undefined;
    expect((await refused(synced(open(), latest))).code).toBe("too-large");
  });
});
