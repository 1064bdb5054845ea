import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, describe, expect, test, vi } from "vitest";
import type { HelmRelease } from "#core/helm/release.ts";
import { HelmBench } from "./helm-bench.ts";
import { decodeHelmRelease, encodeHelmRelease } from "./helm-release.ts";

vi.setConfig({ testTimeout: 30_000 });

const bench = new HelmBench();
afterAll(() => bench.pool.close());
const signal = new AbortController().signal;

const release: HelmRelease = {
  name: "shop",
  namespace: "web",
  version: 1,
  info: {
    status: "pending-install",
    description: "Initial install underway",
    first_deployed: "2026-01-01T10:00:00.123456789Z",
  },
  chart: {
    metadata: { name: "web", version: "1.2.3", apiVersion: "v2" },
    lock: null,
    templates: [{ name: "templates/a.yaml", data: "YTogMQo=" }],
    values: { a: 1 },
    schema: null,
    schemamodtime: "0001-01-01T00:00:00Z",
    files: null,
  },
  config: { text: "<&> ä", big: 10_000_000, none: null },
  manifest: "---\n# Source: web/templates/a.yaml\na: 1\n",
  hooks: [
    {
      name: "h",
      kind: "Job",
      path: "web/templates/h.yaml",
      manifest: "b: 2\n",
      events: ["pre-install"],
      last_run: { phase: "" },
    },
  ],
};
const secretData = (record: string) => Buffer.from(record).toString("base64");
const decode = (record: string) => decodeHelmRelease(bench.pool, { secretData: secretData(record) }, signal);
const refusal = (record: string) =>
  decode(record).then(
    () => "decoded",
    (error: Error) => error.message,
  );

describe("encodeHelmRelease()", () => {
  test("writes gzipped JSON in base64 that decodes to the same release", async () => {
    const { record, digest } = await encodeHelmRelease(bench.pool, { release }, signal);
    expect(JSON.parse(gunzipSync(Buffer.from(record, "base64")).toString())).toEqual(release);
    expect(await decode(record)).toEqual({
      release,
      digest,
      configDigest: expect.stringMatching(/^sha256:/) as unknown,
    });
    expect(await encodeHelmRelease(bench.pool, { release }, signal)).toEqual({ record, digest });
  });

  test("refuses what Helm would not read", async () => {
    const wrong = { ...release, version: "1" } as unknown as HelmRelease;
    await expect(encodeHelmRelease(bench.pool, { release: wrong }, signal)).rejects.toThrow(
      "the release is not of the form that Helm stores",
    );
  });
});

describe("the digests of a release", () => {
  const digestsOf = async (one: HelmRelease, ociDigest?: string) => {
    const asked = ociDigest === undefined ? {} : { ociDigest };
    const { record, digest } = await encodeHelmRelease(bench.pool, { release: one, ...asked }, signal);
    const decoded = await decodeHelmRelease(bench.pool, { secretData: secretData(record), ...asked }, signal);
    expect(decoded.digest).toBe(digest);
    return decoded;
  };

  test("are those that others compute, so that releases are recognised across them", async () => {
    const small: HelmRelease = {
      ...release,
      config: { index: "8", "632b2": 1, "632b10": [{ b: 1, a: 2.5 }] },
      hooks: [{ name: "t", events: ["test"], last_run: { phase: "" } }],
    };
    const { digest, configDigest } = await digestsOf(small);
    const yaml = '632b10:\n- a: 2.5\n  b: 1\n632b2: 1\nindex: "8"\n';
    expect(configDigest).toBe(`sha256:${createHash("sha256").update(yaml).digest("hex")}`);
    const { name, version, info, chart, config, manifest, namespace } = small;
    const { first_deployed, description, status } = info;
    const seen = { name, version, info: { first_deployed, description, status }, chartMetadata: chart.metadata };
    const sorted = { "632b10": [{ a: 2.5, b: 1 }], "632b2": 1, index: config!["index"] };
    const text = `${JSON.stringify({ ...seen, config: sorted, manifest, hooks: null, namespace })}\n`;
    expect(digest).toBe(`sha256:${createHash("sha256").update(text).digest("hex")}`);
  });

  test("change with the release and its chart's digest, not with runs of tests", async () => {
    const { digest } = await digestsOf(release);
    const tests = [{ name: "t", events: ["test"], last_run: { phase: "Failed" } }] as const;
    expect((await digestsOf({ ...release, hooks: [...release.hooks!, ...tests] })).digest).toBe(digest);
    expect((await digestsOf({ ...release, info: { ...release.info, status: "failed" } })).digest).not.toBe(digest);
    expect((await digestsOf(release, "sha256:abc")).digest).not.toBe(digest);
    const { config: _, ...bare } = release;
    expect((await digestsOf(bare)).configDigest).toBe(`sha256:${createHash("sha256").digest("hex")}`);
  });
});

describe("decodeHelmRelease()", () => {
  test("reads records of old versions, which are not packed", async () => {
    expect(await decode(Buffer.from(JSON.stringify(release)).toString("base64"))).toMatchObject({ release });
  });

  test("refuses what is no record, without quoting it", async () => {
    const packed = gzipSync(JSON.stringify({ ...release, config: { key: "s3cr3t" } }));
    expect(await refusal("")).toBe("the release record is empty");
    expect(await refusal("s3cr3t!")).toBe("the release record is not base64");
    expect(await refusal(packed.subarray(0, -9).toString("base64"))).toBe("the release record is damaged");
    expect(await refusal(gzipSync('{"version": "s3cr3t"}').toString("base64"))).toBe(
      "the release record is not a release of Helm",
    );
    expect(await refusal(gzipSync(Buffer.alloc(64 * 2 ** 20 + 1)).toString("base64"))).toBe(
      "the release record has more than the allowed 64 MiB",
    );
  });
});
