import { afterAll, describe, expect, test, vi } from "vitest";
import { HelperPools } from "./helper-pools.ts";
import { jqFinder } from "./jq-paths.ts";

// Helpers share the processors with every other test.
vi.setConfig({ testTimeout: 60_000 });

const pools = new HelperPools();
afterAll(() => pools.close());
const { signal } = new AbortController();
const finder = jqFinder(pools);

const document = {
  metadata: { annotations: { "a/b": "1", "c~d": "2" } },
  spec: {
    items: [{ name: "x", env: [{ n: 1 }, { n: 2 }] }, { name: "y" }, { name: "z", env: [{ n: 3 }] }],
    replicas: 2,
  },
};

async function found(query: string): Promise<unknown> {
  const [answers] = await finder.find([{ document, queries: [query] }], signal);
  const [answer] = answers ?? [];
  return answer && "pointers" in answer ? answer.pointers : answer;
}

describe("jqFinder() finds what del() would delete", () => {
  for (const [query, pointers] of [
    [".spec.replicas", ["/spec/replicas"]],
    [".spec.absent", ["/spec/absent"]],
    ['.metadata.annotations["a/b", "c~d"]', ["/metadata/annotations/a~1b", "/metadata/annotations/c~0d"]],
    ['.spec.items[] | select(.name == "y")', ["/spec/items/1"]],
    [".spec.items[].env[0]?", ["/spec/items/0/env/0", "/spec/items/2/env/0"]],
    [".spec.items[-1].name", ["/spec/items/2/name"]],
    [".spec.items[1:]", ["/spec/items/1", "/spec/items/2"]],
    [".spec.items[1:][1:][0].name", ["/spec/items/2/name"]],
    [".spec.items[1:][:1]", ["/spec/items/1"]],
    [".spec | to_entries", []],
    [".spec.replicas[]", []],
    ["# a comment\n.spec.replicas", ["/spec/replicas"]],
    [".spec.replicas # a comment", ["/spec/replicas"]],
    [".", []],
    ["env.PATH", []],
  ] as const) {
    test(query, async () => expect(await found(query)).toEqual(pointers));
  }
});

describe("jqFinder() bounds", () => {
  for (const [what, query] of [
    ["what is no expression", ".spec["],
    ["what closes the call around it", ".a) | (.b"],
    ["what never ends", "def f: f; f"],
    ["what names too much", ".[range(1000000) | tostring]"],
    ["what takes all memory", '[range(100000000)] | "x" * 1000000000'],
    ["what is endless itself", `.${"a".repeat(20_000)}`],
  ] as const) {
    test(`${what}, and goes on`, async () => {
      const began = performance.now();
      expect(await found(query)).toMatchObject({ unusable: expect.any(String) as string });
      expect(performance.now() - began).toBeLessThan(20_000);
      expect(await found(".spec.replicas")).toEqual(["/spec/replicas"]);
    });
  }

  test("what wants all memory at once, before it has any of it", async () => {
    for (let round = 0; round < 12; round++) {
      const unusable = expect.stringContaining("wants too much memory at once") as string;
      expect(await found('.data["x" * 2e9]')).toMatchObject({ unusable });
    }
  });

  test("one expression of many alone", async () => {
    const queries = [".spec.replicas", "[range(100000000)] | .[0]", ".spec.items[0].name"];
    const answers = await finder.find(
      [
        { document, queries },
        { document, queries: [".spec.replicas"] },
      ],
      signal,
    );
    expect(answers).toEqual([
      [
        { pointers: ["/spec/replicas"] },
        { unusable: expect.any(String) as string },
        { pointers: ["/spec/items/0/name"] },
      ],
      [{ pointers: ["/spec/replicas"] }],
    ]);
  });
});
