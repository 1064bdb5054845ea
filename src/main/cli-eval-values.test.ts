import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exitCode } from "#cli/exit-code.ts";
import { evalValues } from "./cli-eval-values.ts";

const { signal } = new AbortController();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-values-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Merges with a release of this spec and these other documents. */
async function values(spec: object, others: readonly object[] = []): Promise<unknown> {
  const api = { apiVersion: "helm.toolkit.fluxcd.io/v2", kind: "HelmRelease" };
  const release = join(folder, "release.json");
  await writeFile(release, JSON.stringify({ ...api, metadata: { name: "web", namespace: "shop" }, spec }));
  const other = join(folder, "others.yaml");
  await writeFile(other, others.map((object) => `---\n${JSON.stringify(object)}\n`).join(""));
  return evalValues({ release, others: [other] }, signal);
}

function object(kind: string, name: string, content: object): object {
  return { apiVersion: "v1", kind, metadata: { name }, ...content };
}

const from = (kind: string, name: string, more: object = {}) => ({ kind, name, ...more });

test("documents count in their order, then the release's own values, then values at paths", async () => {
  const spec = {
    valuesFrom: [
      from("Secret", "token", { valuesKey: "token", targetPath: "auth.token" }),
      from("ConfigMap", "base"),
      from("ConfigMap", "more", { valuesKey: "prod" }),
      from("Secret", "raw", { valuesKey: "list", targetPath: "raw", literal: true }),
    ],
    values: { image: { tag: "own" }, auth: { token: "none", user: "ada" }, raw: "x" },
  };
  const others = [
    object("ConfigMap", "base", {
      data: { "values.yaml": "image: {tag: base, name: web}\nreplicas: 1\nhosts: [a, b]" },
    }),
    object("ConfigMap", "more", { data: { prod: "replicas: 2\nhosts: [c]" } }),
    object("Secret", "token", { data: { token: Buffer.from("s3cret").toString("base64") } }),
    object("Secret", "raw", { stringData: { list: "{a,b}" } }),
  ];
  expect(await values(spec, others)).toEqual({
    image: { tag: "own", name: "web" },
    replicas: 2,
    hosts: ["c"],
    auth: { token: "s3cret", user: "ada" },
    raw: "{a,b}",
  });
});

test("what is optional may be missing; the rest is named with its place", async () => {
  const optional = { optional: true };
  const spec = {
    valuesFrom: [from("Secret", "no", optional), from("ConfigMap", "c", { valuesKey: "no", ...optional })],
  };
  const others = [object("ConfigMap", "c", { data: { a: "1" } })];
  expect(await values(spec, others)).toEqual({});
  const refusals: readonly [object, object][] = [
    [
      from("Secret", "no"),
      { message: expect.stringContaining("[0]: Secret no is in none"), exitCode: exitCode.notFound },
    ],
    [
      from("ConfigMap", "c"),
      { message: expect.stringContaining("has no key values.yaml"), exitCode: exitCode.notFound },
    ],
    [from("Pod", "c"), { message: expect.stringContaining("kind is neither") }],
  ];
  for (const [reference, refusal] of refusals) {
    await expect(values({ valuesFrom: [reference] }, others)).rejects.toMatchObject(refusal);
  }
});

test("a document that is no YAML is named without what is in it", async () => {
  const others = [object("Secret", "s", { stringData: { "values.yaml": "hunter2: [" } })];
  const failure = values({ valuesFrom: [from("Secret", "s")] }, others);
  await expect(failure).rejects.toMatchObject({ message: expect.stringMatching(/^Cannot merge values: .*Secret\/s/) });
  await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining("hunter2") });
});

test("an object of another namespace is not the one, and a file without a release is refused", async () => {
  const foreign = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "c", namespace: "other" },
    data: { a: "1" },
  };
  await expect(values({ valuesFrom: [from("ConfigMap", "c")] }, [foreign])).rejects.toThrow("is in none of the files");
  const release = join(folder, "others.yaml");
  await expect(evalValues({ release, others: [] }, signal)).rejects.toMatchObject({ exitCode: exitCode.usage });
});
