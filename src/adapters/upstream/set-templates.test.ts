import { afterAll, describe, expect, test } from "vitest";
import { HelperPools } from "./helper-pools.ts";
import { setTemplates } from "./set-templates.ts";

const helpers = new HelperPools();
const templates = setTemplates(helpers);
const { signal } = new AbortController();
afterAll(() => helpers.close());

async function fill(tree: unknown, params: Record<string, unknown>, options: readonly string[] = []): Promise<unknown> {
  const [answer] = await templates.fill({ trees: [tree], jobs: [{ tree: 0, params }], options }, signal);
  return answer && "error" in answer ? `error: ${answer.error}` : answer?.value;
}

describe("Go's templates", () => {
  const cases = [
    { name: "sprig's functions", text: '{{ .a | upper | replace "O" "0" }}', want: "F00/BAR" },
    { name: "normalize", text: "{{ normalize .a }}", want: "foo-bar" },
    { name: "slugify", text: "{{ slugify 9 true .long }}", want: "feature" },
    { name: "slugify, cut inside a word", text: "{{ slugify 9 false .long }}", want: "feature-l" },
    { name: "slugify, as it is by default", text: "{{ .a | slugify }}", want: "foo-bar" },
    { name: "toYaml", text: "{{ toYaml .map }}", want: "x:\n- 1\n- 2" },
    { name: "fromYaml", text: '{{ (fromYaml "a: {b: c}").a.b }}', want: "c" },
    { name: "fromYamlArray", text: '{{ index (fromYamlArray "[a, b]") 1 }}', want: "b" },
    {
      name: "a million, which Go writes with an exponent",
      text: "{{ .million }} {{ int .million }}",
      want: "1e+06 1000000",
    },
    { name: "what is missing", text: "{{ .none }}", want: "<no value>" },
  ];
  const params = { a: "foo/bar", long: "Feature/Long Names", map: { x: [1, 2] }, million: 1_000_000 };
  for (const { name, text, want } of cases) {
    test(name, async () => {
      expect(await fill(text, params)).toBe(want);
    });
  }

  test("fill in texts and names of members anywhere, and leave the rest as it is", async () => {
    const tree = { "{{.k}}": ["{{.v}}", { deep: "{{.v}}!" }, 1, true, null, 12345678901234567890n.toString()] };
    expect(await fill(tree, { k: "key", v: "value" })).toEqual({
      key: ["value", { deep: "value!" }, 1, true, null, "12345678901234567890"],
    });
  });

  test("options make what is missing an error", async () => {
    expect(await fill("{{ .none }}", { a: 1 }, ["missingkey=error"])).toContain('map has no entry for key "none"');
    expect(await fill("{{ .a }}", { a: 1 }, ["missingkey=nonsense"])).toContain(
      "unrecognized option: missingkey=nonsense",
    );
  });

  for (const name of ["env", "expandenv", "getHostByName"]) {
    test(`cannot ask this machine: ${name}`, async () => {
      const want = `error: failed to parse template {{ ${name} "HOME" }}: template: :1: function "${name}" not defined`;
      expect(await fill(`{{ ${name} "HOME" }}`, {})).toBe(want);
    });
  }

  test("that write without end are stopped", async () => {
    const text = '{{ range until 1000000 }}{{ repeat 100 "x" }}{{ end }}';
    expect(await fill(text, {})).toContain("the result is longer than allowed");
  });

  test("that compute without end are stopped within seconds, and the next ones are filled in", async () => {
    const text = "{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}";
    const started = performance.now();
    await expect(fill(text, {})).rejects.toThrow(/longer than the allowed 5 s|memory/);
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(await fill("{{ .a }}", { a: "b" })).toBe("b");
  }, 40_000);

  test("one that fails spoils no other", async () => {
    const jobs = [
      { tree: 0, params: { a: {} } },
      { tree: 1, params: { a: "x" } },
    ];
    const answers = await templates.fill({ trees: ["{{ index .a 3 }}", "{{ .a }}"], jobs, options: [] }, signal);
    expect(answers).toEqual([
      { error: expect.stringContaining("failed to execute go template") as string },
      { value: "x" },
    ]);
  });
});

describe("texts of YAML", () => {
  test("become values, one that is broken spoils no other", async () => {
    const answers = await templates.decode(["a: 1\nb: [x]", "[1, {c: null}]", "", "a: [", '{"k": true}'], signal);
    expect(answers.map((answer) => ("error" in answer ? "error" : answer.value))).toEqual([
      { a: 1, b: ["x"] },
      [1, { c: null }],
      null,
      "error",
      { k: true },
    ]);
  });

  test("that unfold without end are refused", async () => {
    const lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"];
    for (let at = 1; at < 10; at++)
      lines.push(
        `a${at}: &a${at} [${Array(10)
          .fill(`*a${at - 1}`)
          .join(",")}]`,
      );
    const [answer] = await templates.decode([lines.join("\n")], signal);
    expect(answer).toHaveProperty("error");
  });
});
