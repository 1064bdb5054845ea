import { afterAll, describe, expect, test, vi } from "vitest";
import type { DirectorySpec } from "#core/app/render-spec.ts";
import { memoryTree, type MemoryFile } from "#core/source/memory-tree.ts";
import { renderDirectory } from "./directory-render.ts";
import { HelperPools } from "./helper-pools.ts";

// Helpers share the processors with every other test.
vi.setConfig({ testTimeout: 60_000 });

const pools = new HelperPools();
afterAll(() => pools.close());
const { signal } = new AbortController();

const map = (name: string, data: string) =>
  `{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: ${name} }, data: ${data} }`;

async function rendered(files: Record<string, MemoryFile>, spec: Partial<DirectorySpec> = {}) {
  const whole: DirectorySpec = { kind: "directory", recurse: false, include: "", exclude: "", ...spec };
  const result = await renderDirectory(pools, { tree: memoryTree(files), path: "app", spec: whole }, signal);
  return { ...result, names: result.resources.map(({ metadata }) => metadata.name) };
}

const failure = (files: Record<string, MemoryFile>, spec?: Partial<DirectorySpec>) =>
  rendered(files, spec).then(
    () => "no failure",
    (error: Error) => error.message,
  );

describe("renderDirectory() with Jsonnet", () => {
  test("takes one object, lists of them and Kubernetes lists, in the order of the files", async () => {
    const list = `{ apiVersion: 'v1', kind: 'ConfigMapList', items: [${map("'d'", "{}")}] }`;
    const { names, places } = await rendered({
      "app/1.jsonnet": map("'a'", "{}"),
      "app/2.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}",
      "app/3.jsonnet": `[${map("'c'", "{}")}, null, ${list}]`,
      "app/lib.libsonnet": "error 'imported by nobody'",
    });
    expect(names).toEqual(["a", "b", "c", "d"]);
    expect(places).toEqual(["app/1.jsonnet", "app/2.yaml:1", "app/3.jsonnet", "app/3.jsonnet"]);
  });

  test("hands over variables and arguments, as text or as code", async () => {
    const jsonnet = {
      extVars: [
        { name: "who", value: "1 + 1", code: false },
        { name: "sum", value: "1 + 1", code: true },
      ],
      tlas: [
        { name: "name", value: "given", code: false },
        { name: "more", value: "{ x: 'y' }", code: true },
      ],
      libs: [],
    };
    const data = "more + { who: std.extVar('who'), sum: '' + std.extVar('sum') }";
    const { resources } = await rendered({ "app/a.jsonnet": `function(name, more) ${map("name", data)}` }, { jsonnet });
    expect(resources).toMatchObject([{ metadata: { name: "given" }, data: { x: "y", who: "1 + 1", sum: "2" } }]);
  });

  test("finds imports beside the file, in the libraries from the last on, and in the app's folder", async () => {
    const files = {
      "app/a.jsonnet": map("'a'", "{ near: import 'near', lib: import 'lib', own: importstr '../lib/own' }"),
      "app/near": "'beside'",
      "one/near": "'not this'",
      "one/lib": "'not this'",
      "two/lib": "import 'home'",
      "app/home": "'home'",
      "lib/own": "plain",
    };
    const { resources, readSet } = await rendered(files, { jsonnet: { extVars: [], tlas: [], libs: ["one", "two"] } });
    expect(resources).toMatchObject([{ data: { near: "beside", lib: "home", own: "plain" } }]);
    const read = readSet.map(({ kind, path }) => `${kind} ${path}`);
    expect(read).toEqual([
      "directory app",
      "file app/a.jsonnet",
      "file app/home",
      "absent app/lib",
      "file app/near",
      "file lib/own",
      "absent one/home",
      "absent two/home",
      "file two/lib",
    ]);
  });

  const outside = { link: "../../etc/passwd" };
  const refusals: { name: string; files: Record<string, MemoryFile>; want: string | RegExp }[] = [
    {
      name: "an import above the repository",
      files: { "app/a.jsonnet": "\nimport '../../x'" },
      want: 'app/a.jsonnet:2: "../x" leaves the repository',
    },
    {
      name: "an absolute import",
      files: { "app/a.jsonnet": "import '/etc/passwd'" },
      want: 'app/a.jsonnet:1: "/etc/passwd" leaves the repository',
    },
    {
      name: "an import through a link",
      files: { "app/a.jsonnet": "importstr '../l'", l: outside },
      want: 'app/a.jsonnet:1: "l" leaves the repository',
    },
    {
      name: "an import of nothing",
      files: { "app/a.jsonnet": "{} + import 'b'" },
      want: 'app/a.jsonnet:1: "b" is neither beside the file nor in a library folder',
    },
    { name: "a syntax error", files: { "app/a.jsonnet": "{\n  a: ,\n}" }, want: "app/a.jsonnet:2: Unexpected" },
    {
      name: "an error in an import",
      files: { "app/a.jsonnet": "import 'b'", "app/b": "{}\n + error 'no way'" },
      want: "app/b:2: no way",
    },
    {
      name: "an unknown variable",
      files: { "app/a.jsonnet": "std.extVar('x')" },
      want: "app/a.jsonnet:1: Undefined external variable: x",
    },
    {
      name: "what is no object",
      files: { "app/a.jsonnet": "[1]" },
      want: "app/a.jsonnet: entry 0 of what it yields is not an object",
    },
    {
      name: "what is no manifest",
      files: { "app/a.jsonnet": "[{ a: 1 }]" },
      want: "app/a.jsonnet: the object has no apiVersion or kind",
    },
    {
      name: "endless recursion",
      files: { "app/a.jsonnet": "local f(x) = f(x) + 1; f(1)" },
      want: "app/a.jsonnet:1: max stack frames exceeded.",
    },
    {
      name: "calls without end that need no frame",
      files: { "app/a.jsonnet": "local f(n) = f(n + 1) tailstrict; f(1)" },
      want: "app/a.jsonnet: the library cannot cope with this: it goes too deep, or wants too much memory at once",
    },
    {
      name: "endless text",
      files: { "app/a.jsonnet": "local f(s) = f(s + s) tailstrict; f('xxxxxxxx')" },
      // Whoever sees it first: the helper's own watch, or the system that is asked for it.
      want: /^app\/a\.jsonnet: .*(needs more than the allowed 256 MiB of memory|wants too much memory at once)/,
    },
  ];
  for (const { name, files, want } of refusals) {
    test(`refuses ${name}, by its place`, async () => {
      expect(await failure(files)).toEqual(
        typeof want === "string" ? expect.stringContaining(want) : expect.stringMatching(want),
      );
    });
  }

  test("ends a loop that goes on for ever, and serves the next", async () => {
    const started = Date.now();
    const many = "std.range(1, 3000)";
    const loop = `[0 for a in ${many} for b in ${many} for c in ${many} if a < 0]`;
    expect(await failure({ "app/a.jsonnet": loop })).toBe("app/a.jsonnet: takes longer than the allowed 20 s");
    expect(Date.now() - started).toBeLessThan(25_000);
    expect((await rendered({ "app/a.jsonnet": map("'a'", "{}") })).names).toEqual(["a"]);
  });
});

describe("renderDirectory()", () => {
  const cm = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}";

  test("passes over YAML that holds no manifests", async () => {
    const files = {
      "app/a.yaml": cm,
      "app/values.yaml": "replicas: 1\n",
      "app/broken.yaml": "{{ if }}\n",
      "app/c.yml": "- 1",
    };
    expect((await rendered(files)).names).toEqual(["a"]);
  });

  const broken: [string, Record<string, string>, string][] = [
    ["YAML that is to be a manifest", { "app/a.yaml": "apiVersion: v1\nkind: {\nmetadata:" }, "app/a.yaml:"],
    ["a manifest without kind", { "app/a.yaml": "metadata: {name: a}" }, "app/a.yaml:1: the object has no apiVersion"],
    ["JSON that is none", { "app/a.json": '{"a": 1}' }, "app/a.json:1: the object has no apiVersion or kind"],
    [
      "a second document that is none",
      { "app/a.yaml": `${cm}\n---\na: 1` },
      "app/a.yaml:3: the object has no apiVersion or kind",
    ],
    [
      "an object without a name",
      { "app/a.yaml": "{apiVersion: v1, kind: ConfigMap}" },
      "app/a.yaml:1: the object has no metadata.name",
    ],
  ];
  for (const [name, files, want] of broken) {
    test(`refuses ${name}`, async () => {
      expect(await failure(files)).toEqual(
        typeof want === "string" ? expect.stringContaining(want) : expect.stringMatching(want),
      );
    });
  }

  test("takes files of every name where it is told so, but for those of Jsonnet as YAML", async () => {
    const files = { "app/a.tpl": cm, "app/b": cm.replace("name: a", "name: b"), "app/c.jsonnet": map("'c'", "{}") };
    expect((await rendered(files)).names).toEqual(["c"]);
    expect((await rendered(files, { anyName: true })).names).toEqual(["a", "b", "c"]);
    expect((await rendered(files, { anyName: true, exclude: "{b,*.jsonnet}" })).names).toEqual(["a"]);
  });

  test("takes the objects of lists of any kind", async () => {
    const list = `{apiVersion: v1, kind: ConfigMapList, items: [${cm}, ${cm.replace("name: a", "name: b")}]}`;
    expect((await rendered({ "app/a.yaml": list })).names).toEqual(["a", "b"]);
  });

  test("bounds what the files hold together, those of Jsonnet aside", async () => {
    const filler = "#".repeat(6 * 1024 * 1024);
    const big = { "app/a.yaml": `${cm}\n${filler}`, "app/b.jsonnet": `[]\n${filler}` };
    expect((await rendered(big)).names).toEqual(["a"]);
    expect(await failure({ ...big, "app/c.yaml": filler })).toBe(
      "app/c.yaml: the manifests exceed 10485760 bytes together",
    );
  });
});
