import { afterAll, describe, expect, test, vi } from "vitest";
import { goProgramPath } from "#adapters/go-program.ts";
import { envsubstEval } from "./envsubst-eval.ts";
import { HelperPool, defaultPoolOptions } from "./helper-pool.ts";

// Helpers share the processors with every other test.
vi.setConfig({ testTimeout: 30_000 });

const pool = new HelperPool(defaultPoolOptions(goProgramPath("holdfast-upstream")));
afterAll(() => pool.close());
const { signal } = new AbortController();

const vars = { name: "Blue-Green.tar.gz", word: "éclair", caps: "ÉCLAIR", path: "/a/b/a/c", empty: "", n: "3" };
const evaluate = (text: string, strict = false) => envsubstEval(pool, { text, vars, strict }, signal);

describe("envsubstEval() knows the forms", () => {
  const forms: readonly (readonly [text: string, result: string, what: string])[] = [
    ["${name}", "Blue-Green.tar.gz", "a value"],
    ["${none}", "", "no value"],
    ["${#name}", "17", "its length"],
    ["${word^}", "Éclair", "first letter upper case"],
    ["${word^^}", "ÉCLAIR", "upper case"],
    ["${caps,}", "éCLAIR", "first letter lower case"],
    ["${caps,,}", "éclair", "lower case"],
    ["${name:5}", "Green.tar.gz".padStart(12), "from a position on"],
    ["${name: -2}", "Blue-Green.tar.gz", "a position that is no number"],
    ["${name:5:5}", "Green", "a piece"],
    ["${name:99}", "", "from beyond the end"],
    ["${path#/*/}", "b/a/c", "without the shortest prefix"],
    ["${path##*/}", "c", "without the longest prefix"],
    ["${name%.*}", "Blue-Green.tar", "without the shortest suffix"],
    ["${name%%.*}", "Blue-Green", "without the longest suffix"],
    ["${none:-red}", "red", "a default"],
    ["${empty:-red}", "red", "a default for an empty value"],
    ["${none=red}", "red", "a default"],
    ["${empty=red}", "red", "a default for an empty value, unlike in a shell"],
    ["${none:=red}", "red", "a default"],
    ["${n:=red}", "3", "no default where there is a value"],
    ["${none:-${word}}", "éclair", "a variable as default"],
    ["${path/a/x}", "/x/b/a/c", "the first replaced"],
    ["${path//a/x}", "/x/b/x/c", "all replaced"],
    ["${path/#\\/a/x}", "x/b/a/c", "the beginning replaced"],
    ["${path/%c/x}", "/a/b/a/x", "the end replaced"],
    ["$${name}", "${name}", "an escaped variable"],
    ["$name $(name) $1", "$name $(name) $1", "what only looks like a variable"],
    ["a ${n} b\n  ${n}\n", "a 3 b\n  3\n", "everything around as it was"],
  ];
  for (const [text, result, what] of forms) {
    test(`${text}: ${what}`, async () => {
      expect(await evaluate(`<${text}>`)).toBe(`<${result}>`);
    });
  }
});

describe("envsubstEval() in strict mode", () => {
  for (const text of ["${none}", "${#none}", "${none^^}", "${none/a/b}", "${none:1}", "${n:-${none}}"]) {
    test(`refuses ${text} by line`, async () => {
      const refused = evaluate(`${vars.n}\n\${n}\n  x: ${text}\n`, true);
      await expect(refused).rejects.toMatchObject({
        code: "substitution",
        line: 3,
        message: 'variable not set (strict mode): "none"',
      });
    });
  }

  for (const text of ["${none:-}", "${none=}", "${empty}", "$${none}", "${none:=x}"]) {
    test(`lets ${text} pass`, async () => {
      await expect(evaluate(text, true)).resolves.not.toContain("none:");
    });
  }
});

describe("envsubstEval() refuses", () => {
  for (const [text, message] of [
    ["${n", "missing closing brace"],
    ["${}", "unable to parse variable name"],
    ["${a b}", "missing closing brace"],
    ["${n-default}", "missing closing brace"],
    ["${n+other}", "missing closing brace"],
    ["${n/a}", "bad substitution"],
  ] as const) {
    test(`${text} by line`, async () => {
      await expect(evaluate(`ok\n${text}\n`)).rejects.toMatchObject({ code: "substitution", line: 2, message });
    });
  }

  test("more variables than its stack holds, and lives on", async () => {
    await expect(evaluate("${n}".repeat(60_000))).rejects.toMatchObject({ code: "too-large" });
    const [pid] = pool.pids;
    expect(await evaluate("${n}".repeat(50_000))).toBe("3".repeat(50_000));
    expect(pool.pids).toContain(pid);
  });
});
