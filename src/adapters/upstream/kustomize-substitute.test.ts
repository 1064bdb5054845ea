import fc from "fast-check";
import { afterAll, describe, expect, test, vi } from "vitest";
import type { MemoryFile } from "#core/source/memory-tree.ts";
import type { Substitution } from "#core/app/render-spec.ts";
import { KustomizeBench, configMap } from "./kustomize-bench.ts";

// Helpers share the processors with every other test.
vi.setConfig({ testTimeout: 30_000 });

const bench = new KustomizeBench();
afterAll(() => bench.pool.close());

const manifest = (text: string, more: Record<string, MemoryFile> = {}) => ({
  "app/kustomization.yaml": "resources: [x.yaml]\n",
  "app/x.yaml": text,
  ...more,
});
const substitute = (vars: Record<string, string>, changes: Partial<Substitution> = {}): Substitution => ({
  vars,
  strategy: "with-variables",
  strict: true,
  ...changes,
});

async function built(files: Record<string, MemoryFile>, how: Substitution): Promise<Record<string, unknown>> {
  const { resources } = await bench.build(files, { path: "app", substitute: how });
  return resources[0] as unknown as Record<string, unknown>;
}

describe("kustomizeBuild() with variables", () => {
  test("gives values the type that the text says", async () => {
    const text = "apiVersion: v1\nkind: A\nmetadata: {name: a}\nn: ${N}\nb: ${B}\nt: '${N}'\nlist: ${L}\n";
    expect(await built(manifest(text), substitute({ N: "3", B: "true", L: "[1, x]" }))).toMatchObject({
      n: 3,
      b: true,
      // Quotes are gone before variables are replaced.
      t: 3,
      list: [1, "x"],
    });
  });

  test("works on names, keys and generated content, and after overrides", async () => {
    const files = {
      "app/kustomization.yaml":
        "generatorOptions: {disableNameSuffixHash: true}\nconfigMapGenerator: [{name: g, files: [f]}]\n",
      "app/f": "host=${HOST}\n",
    };
    const overrides = { namespace: "${SPACE}", labels: { pairs: { region: "${REGION}" } } };
    const vars = { HOST: "h", SPACE: "shop", REGION: "eu" };
    const { resources } = await bench.build(files, { path: "app", overrides, substitute: substitute(vars) });
    expect(resources[0]).toEqual({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "g", namespace: "shop", labels: { region: "eu" } },
      data: { f: "host=h\n" },
    });
  });

  test("takes line ends out of values", async () => {
    const object = await built(manifest(configMap("a", "data: {k: '${V}'}\n")), substitute({ V: "one\ntwo\n" }));
    expect(object["data"]).toEqual({ k: "onetwo" });
  });

  const dollar = manifest(configMap("a", "data: {k: '${V:=d}'}\n"));
  test("does nothing when there are no variables, unless it always shall", async () => {
    expect((await built(dollar, substitute({})))["data"]).toEqual({ k: "${V:=d}" });
    expect((await built(dollar, substitute({}, { strategy: "always" })))["data"]).toEqual({ k: "d" });
  });

  for (const where of ["labels", "annotations"]) {
    test(`leaves objects alone whose ${where} say so`, async () => {
      const mark = (value: string) =>
        manifest(
          `apiVersion: v1\nkind: A\nmetadata: {name: a, ${where}: {kustomize.toolkit.fluxcd.io/substitute: ${value}}}\nk: \${V}\n`,
        );
      expect((await built(mark("disabled"), substitute({ V: "v" })))["k"]).toBe("${V}");
      expect((await built(mark("Disabled"), substitute({ V: "v" })))["k"]).toBe("v");
    });
  }

  test("without strictness, a variable without value is empty", async () => {
    const files = manifest(configMap("a", "data: {k: 'x${NONE}'}\n"));
    expect((await built(files, substitute({ V: "v" }, { strict: false })))["data"]).toEqual({ k: "x" });
  });

  test("depends on the files alone: no variable is in the read set", async () => {
    const { readSet } = await bench.build(dollar, { path: "app", substitute: substitute({ V: "canary" }) });
    expect(JSON.stringify(readSet)).not.toContain("canary");
    expect(readSet.map(({ path }) => path)).toContain("app/x.yaml");
  });
});

describe("kustomizeBuild() refuses variables", () => {
  const secret = "hunter2-canary";
  const cases: {
    name: string;
    files: Record<string, MemoryFile>;
    vars?: Record<string, string>;
    wanted: { message: RegExp | string; file?: string; line?: number };
    prefix?: string;
  }[] = [
    {
      name: "without value by variable, object, field, file and line",
      files: manifest(`${configMap("z")}---\n# \${GONE}\n${configMap("a", "data:\n  one: b\n  two: x-${GONE}\n")}`),
      wanted: {
        message:
          "app/x.yaml:13: post build failed for 'ConfigMap.v1.[noGrp]/a': envsubst error: variable substitution failed: " +
          'variable not set (strict mode): "GONE" (field data.two)',
        file: "app/x.yaml",
        line: 13,
      },
    },
    {
      name: "in the object that has them, when others mention them too",
      files: manifest(
        `${configMap("b", "  annotations: {kustomize.toolkit.fluxcd.io/substitute: disabled}\ndata: {k: '${GONE}'}\n")}---\n${configMap("a", "data: {k: '${GONE}'}\n")}`,
        { "app/kustomization.yaml": "resources: [x.yaml]\nnamePrefix: p-\n" },
      ),
      wanted: { message: /p-a/, file: "app/x.yaml", line: 12 },
    },
    {
      name: "that a generator brought in",
      files: {
        "app/kustomization.yaml": "configMapGenerator: [{name: g, files: [conf/f]}]\n",
        "app/conf/f": "a\nhost=${GONE}\n",
      },
      wanted: { message: /"GONE" \(field data\.f\)$/, file: "app/conf/f", line: 2 },
    },
    {
      name: "by field alone where several files may have brought them in",
      files: {
        "app/kustomization.yaml": "configMapGenerator: [{name: g, files: [a, b]}]\n",
        "app/a": "${GONE}\n",
        "app/b": "${GONE}\n",
      },
      wanted: { message: /^post build failed.*\(field data\.a\)$/ },
    },
    {
      name: "that an override brought in",
      files: manifest(configMap("a")),
      prefix: "${GONE}-",
      wanted: { message: /^post build failed.*"GONE" \(field metadata\.name\)$/ },
    },
    {
      name: "in a form that does not exist",
      files: manifest(configMap("a", "data:\n  k: |\n    ok ${V}\n    if [ ${#A[@]} ]\n")),
      wanted: { message: /bad substitution \(field data\.k\)$/, file: "app/x.yaml", line: 8 },
    },
    {
      name: "with a name that is none",
      files: manifest(configMap("a")),
      vars: { "a.b": secret },
      wanted: { message: /: 'a\.b' var name is invalid, must match '\^\[_/ },
    },
    {
      name: "whose value breaks the YAML",
      files: manifest(configMap("a", "data:\n  ok: ${W}\n  k: ${V}\n")),
      vars: { V: `*${secret}`, W: "w" },
      wanted: {
        message: /the value of V makes the object invalid YAML \(field data\.k\)$/,
        file: "app/x.yaml",
        line: 7,
      },
    },
    {
      name: "whose value is an alias bomb",
      files: manifest(configMap("a", "data:\n  k: ${V}\n")),
      vars: {
        V: `[&a [x,x,x,x,x,x,x,x,x],${"bcdefghij"
          .split("")
          .map((key, i) => `&${key} [${Array(9).fill(`*${"abcdefghij"[i]}`).join(",")}]`)
          .join(",")}]`,
      },
      wanted: { message: /the YAML aliases of ConfigMap\.v1\.\[noGrp\]\/a expand/ },
    },
    {
      name: "that leave no object",
      files: manifest("apiVersion: v1\nkind: ${K}\nmetadata: {name: a}\n"),
      vars: { K: `{${secret}: 1}` },
      wanted: { message: /no Kubernetes object$/ },
    },
  ];
  for (const { name, files, vars = { V: secret }, wanted, prefix } of cases) {
    test(name, async () => {
      const overrides = prefix === undefined ? {} : { namePrefix: prefix };
      const error = await bench.refusal(files, { path: "app", overrides, substitute: substitute(vars) });
      expect(error.message).toMatch(wanted.message);
      expect([error.file, error.line]).toEqual([wanted.file, wanted.line]);
      expect(error.message).not.toContain(secret);
    });
  }
});

describe("kustomizeBuild() with any text and any value", () => {
  const piece = fc.constantFrom(
    ..."${ } V W : - = # % / // ^ , $ 'q \"q &a *a [ ] { , | > ? ! %a @ x 1".split(" "),
    " ",
    ": ",
    "- ",
    "\n",
  );
  const soup = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));

  test("replaces or refuses, lives on, and repeats no value", async () => {
    let refusals = 0;
    await fc.assert(
      fc.asyncProperty(soup, soup, async (text, value) => {
        const block = `  k: |2-\n${text.replaceAll(/^/gm, "    ")}\n  plain: ${"${V}"}\n`;
        const vars = { V: `${value}canary${value}`, W: "w" };
        const files = manifest(configMap("a", `data:\n${block}`));
        const wanted = { path: "app", substitute: substitute(vars, { strict: false }) };
        const result: unknown = await bench.build(files, wanted).catch((error: unknown) => error);
        if (!(result instanceof Error)) return;
        refusals++;
        expect(["substitution", "alias-bomb"]).toContain((result as { code?: string }).code);
        expect(result.message).not.toContain("canary");
      }),
      { numRuns: 300 },
    );
    expect(refusals).toBeGreaterThan(20);
    expect(bench.pool.pids).toHaveLength(1);
  });
});
