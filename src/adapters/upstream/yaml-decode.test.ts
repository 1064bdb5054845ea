import { afterAll, describe, expect, test } from "vitest";
import { goProgramPath } from "#adapters/go-program.ts";
import { HelperPool, defaultPoolOptions } from "./helper-pool.ts";
import { helperVersion } from "./helper-version.ts";
import { yamlDecode } from "./yaml-decode.ts";

const pool = new HelperPool(defaultPoolOptions(goProgramPath("holdfast-upstream")));
afterAll(() => pool.close());
const signal = new AbortController().signal;

async function decode(text: string) {
  const [file] = await yamlDecode(pool, [{ path: "dir/f.yaml", content: new TextEncoder().encode(text) }], signal);
  return file!;
}

describe("yamlDecode()", () => {
  const good: { name: string; text: string; want: [line: number, object: unknown][] }[] = [
    { name: "one object", text: "a: 1\n", want: [[1, { a: 1 }]] },
    {
      name: "documents with their lines",
      text: "# head\n---\na: 1\n---\n# note\n\nb: 2\n",
      want: [
        [3, { a: 1 }],
        [7, { b: 2 }],
      ],
    },
    { name: "no object in empty documents", text: "---\n---\n# only a comment\n---\nnull\n", want: [] },
    {
      name: "a document on the separator's line",
      text: "--- {a: 1}\n--- {b: 2}\n",
      want: [
        [1, { a: 1 }],
        [2, { b: 2 }],
      ],
    },
    {
      name: "dashes that separate nothing",
      text: "a: |\n  ---\n  x\nb: ----\n",
      want: [[1, { a: "---\nx\n", b: "----" }]],
    },
    {
      name: "windows line ends and a byte order mark",
      text: "\ufeffa: 1\r\n---\r\nb: 2\r\n",
      want: [
        [1, { a: 1 }],
        [3, { b: 2 }],
      ],
    },
    {
      name: "YAML 1.1 booleans and octals as Kubernetes does",
      text: "a: yes\nb: 0644\nc: 1:30\nd: 2020-01-01\n",
      want: [[1, { a: true, b: 420, c: "1:30", d: "2020-01-01" }]],
    },
    { name: "merge keys", text: "v: &v {a: 1}\nw: {<<: *v, b: 2}\n", want: [[1, { v: { a: 1 }, w: { a: 1, b: 2 } }]] },
    {
      name: "JSON objects one after the other",
      text: '{"a": 1}\n\n{"b":\n2}',
      want: [
        [1, { a: 1 }],
        [3, { b: 2 }],
      ],
    },
  ];
  for (const { name, text, want } of good) {
    test(`reads ${name}`, async () => {
      const file = await decode(text);
      expect(file.error).toBeUndefined();
      expect(file.documents.map(({ line, object }) => [line, object])).toEqual(want);
    });
  }

  test("takes the items out of a v1 List and says so", async () => {
    const { documents } = await decode(
      "a: 1\n---\napiVersion: v1\nkind: List\nitems: [{b: 2}, {c: 3}]\n---\nkind: List\nitems: []\n",
    );
    expect(documents).toEqual([
      { index: 0, line: 1, object: { a: 1 } },
      { index: 1, line: 3, object: { b: 2 }, inList: true },
      { index: 1, line: 3, object: { c: 3 }, inList: true },
      { index: 2, line: 7, object: { kind: "List", items: [] } },
    ]);
  });

  test("keeps integers that a double cannot hold", async () => {
    expect(JSON.stringify((await decode("big: 9223372036854775807\n")).documents[0]!.object)).toBe(
      '{"big":9223372036854775807}',
    );
  });

  const depth = 400;
  const bad: { name: string; text: string; line?: number; message: RegExp }[] = [
    { name: "a syntax error", text: "a: 1\n---\nb: 2\n  c: 3\n", line: 4, message: /mapping values are not allowed/ },
    { name: "a tab", text: "a:\n\tb: 1\n", line: 2, message: /cannot start any token/ },
    { name: "an unknown anchor", text: "---\na: *b\n", message: /unknown anchor/ },
    { name: "a document that is no object", text: "a: 1\n---\n- x\n", line: 3, message: /not an object/ },
    {
      name: "a List item that is no object",
      text: "apiVersion: v1\nkind: List\nitems: [1]\n",
      line: 1,
      message: /item 0/,
    },
    { name: "an anchor that contains itself", text: "a: &a [*a]\n", message: /./ },
    {
      name: "an alias bomb",
      text: `a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n${Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(",")}]`).join("\n")}\n`,
      line: 1,
      message: /aliases .* expand to more than/,
    },
  ];
  for (const { name, text, line, message } of bad) {
    test(`refuses ${name} by file and line`, async () => {
      const { error, documents } = await decode(text);
      expect(documents).toEqual([]);
      expect(error?.file).toBe("dir/f.yaml");
      expect(error?.message).toMatch(message);
      if (line !== undefined) expect(error?.line).toBe(line);
    });
  }

  test("refuses values nested too deep", async () => {
    await expect(decode(`a: ${"[".repeat(depth)}${"]".repeat(depth)}\n`)).rejects.toMatchObject({ code: "too-deep" });
  });

  test("keeps the good files beside a broken one", async () => {
    const encode = (text: string) => new TextEncoder().encode(text);
    const files = [
      { path: "é", content: encode("a: é\n") },
      { path: "b", content: encode("{") },
      { path: "c", content: encode("") },
    ];
    const decoded = await yamlDecode(pool, files, signal);
    expect(decoded.map(({ path, documents, error }) => [path, documents.length, error?.file])).toEqual([
      ["é", 1, undefined],
      ["b", 0, "b"],
      ["c", 0, undefined],
    ]);
    expect(decoded[0]!.documents[0]!.object).toEqual({ a: "é" });
  });
});

test("helperVersion() names the libraries", async () => {
  const { go, libraries } = await helperVersion(pool, signal);
  expect(go).toMatch(/^go1\./);
  expect(libraries["sigs.k8s.io/kustomize/api"]).toMatch(/^v0\./);
});
