import { afterAll, describe, expect, test } from "vitest";
import type { ScriptRun } from "#engine/expression-evaluator.ts";
import { HelperPools } from "./helper-pools.ts";
import { runLua } from "./lua-runner.ts";

const helpers = new HelperPools();
const { signal } = new AbortController();
afterAll(() => helpers.close());

const object = { metadata: { name: "q", generation: 3 }, list: [1, 2], on: true };

function run(text: string, more: Partial<ScriptRun> = {}): ScriptRun {
  return { name: "a script", text, openLibs: false, object, ...more };
}

async function returned(text: string, more: Partial<ScriptRun> = {}): Promise<unknown> {
  const [answer] = await runLua(helpers, [run(text, more)], signal);
  return answer && ("error" in answer ? answer.error : answer.value);
}

describe("runLua()", () => {
  const values: readonly (readonly [string, unknown])[] = [
    ["return obj", { type: "table", value: object }],
    ["return {a = obj.missing, b = #obj.list}", { type: "table", value: { b: 2 } }],
    ["return {}", { type: "table", value: [] }],
    ["return", { type: "nil", value: null }],
    ["return 'x'", { type: "string", value: "x" }],
    ["return {os.date('!%Y', 0), require('os').time() > 0}", { type: "table", value: ["1970", true] }],
    [
      "for i, v in ipairs(obj.list) do if v == 1 then goto next end do return {v} end ::next:: end",
      { type: "table", value: [2] },
    ],
    ["print('nobody reads this') return {1}", { type: "table", value: [1] }],
  ];
  for (const [text, value] of values) {
    test(`gives what a script returns: ${text}`, async () => expect(await returned(text)).toEqual(value));
  }

  test("hands over parameters", async () => {
    const params = { replicas: "3" };
    expect(await returned("return {tonumber(actionParams.replicas)}", { params })).toMatchObject({ value: [3] });
  });

  test("opens libraries for text and numbers when asked, and never those for files and programs", async () => {
    const text = "return {string.upper('a'), math.max(1, 2)}";
    expect(await returned(text)).toMatch(/^a script:1: /);
    expect(await returned(text, { openLibs: true })).toMatchObject({ value: ["A", 2] });
    for (const call of ["io.open('/etc/passwd')", "os.execute('id')", "os.getenv('HOME')", "dofile('x')"]) {
      expect(await returned(`return {${call}}`, { openLibs: true })).toMatch(/^a script:1: attempt to /);
    }
    expect(await returned("return {require('x')}")).toContain("module x not found");
  });

  test("starts every script anew", async () => {
    const answers = await runLua(helpers, [run("left = 1 string = 2 return {}"), run("return {left == nil}")], signal);
    expect(answers[1]).toMatchObject({ value: { value: [true] } });
  });

  const bad: readonly (readonly [what: string, text: string, message: RegExp])[] = [
    ["is none", "if then", /^a script line:1.*syntax error$/],
    ["fails", "local a = nil\nreturn a.b", /^a script:2: attempt to index/],
    ["fails with a value", "error({code = 1})", /^a script: table/],
    ["loops", "while true do end", /^a script: it (ran more than|did not end within)/],
    ["loops where errors are caught", "while true do pcall(function() while true do end end) end", /^a script: it /],
    [
      "takes all memory",
      "local s = 'x' while true do s = s .. s end",
      /^a script: it took more than 64 MiB of memory$/,
    ],
    ["goes too deep", "local function f() return 1 + f() end return {f()}", /stack overflow$/],
    ["returns a function", "return {print}", /a function, which is no value of JSON$/],
    ["returns a list with gaps", "return {[1] = 1, [3] = 3}", /a list with gaps$/],
    ["returns a circle", "local t = {} t.t = t return t", /more than 100 deep$/],
    ["returns no number", "return {0 / 0}", /no number of JSON$/],
    ["builds a long text", "return {('x'):rep(1e9)}", /string\.rep would make more than/],
    [
      "never ends in one instruction",
      "return {string.find(string.rep('a', 30000), '.-.-.-.-.-b')}",
      /^a script: takes longer than the allowed 1\.5 s$/,
    ],
  ];
  for (const [what, text, message] of bad) {
    test(`names a script that ${what}, and its line where it has one`, async () => {
      expect(await returned(text, { openLibs: /string|rep/.test(text) })).toMatch(message);
    });
  }

  test("a script that ends the helper spoils no other and is not run on everything", { timeout: 30_000 }, async () => {
    const endless = run("return {string.find(string.rep('a', 30000), '.-.-.-.-.-b')}", { openLibs: true });
    const fine = run("return {1}");
    const answers = await runLua(helpers, [fine, endless, endless, endless, endless, fine], signal);
    expect(answers.map((answer) => ("error" in answer ? "ended" : "fine"))).toEqual([
      "fine",
      ...Array<string>(4).fill("ended"),
      "fine",
    ]);
  });

  test("a helper that is not there is an answer too", async () => {
    const missing = {
      get full(): never {
        throw new Error("the helper is not built");
      },
    };
    expect(await runLua(missing, [run("return {}")], signal)).toEqual([{ error: "a script: the helper is not built" }]);
  });
});
