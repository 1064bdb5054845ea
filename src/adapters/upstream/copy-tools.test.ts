import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { tarOf } from "#test/support/tarball.ts";
import { copyTools } from "./copy-tools.ts";
import { HelperPools } from "./helper-pools.ts";

const { signal } = new AbortController();
const helpers = new HelperPools();
const tools = copyTools(() => helpers.small);
afterAll(() => helpers.close());

async function merged(base: string, overlay: string): Promise<string> {
  return String(Buffer.from(await tools.mergedYaml(Buffer.from(base), Buffer.from(overlay), signal)));
}

test("YAML is merged as values of charts are, in every document, and comes out sorted", async () => {
  expect(await merged("b: {p: 1, q: 2}\na: [1]\n---\nc: 3\n", "b: {q: 4}\na: [2]\n")).toBe(
    "a:\n  - 2\nb:\n  p: 1\n  q: 4\nc: 3\n",
  );
});

test("texts that would be read back as something else stay texts", async () => {
  const text = await merged('a: "on"\nb: "0777"\nc: ".5"\nd: "1e3"\ne: "no"\nf: "1:30"\ng: "2020-01-01"\n', "{}");
  expect(await merged(text, "{}")).toBe(text);
  expect(text).toContain('b: "0777"');
  expect(text).toContain('c: ".5"');
});

test("what is no map is refused without its content", async () => {
  await expect(merged("a: 1", "- secret")).rejects.toThrow(/^cannot unmarshal YAML document: (?!.*secret)/);
  await expect(merged("a: [", "{}")).rejects.toThrow("cannot unmarshal YAML document: ");
});

test("an archive that leads outside is refused", async () => {
  const bytes = gzipSync(tarOf([{ name: "../a", content: "a" }]));
  await expect(tools.unpacked(bytes, signal)).rejects.toThrow("leads outside");
});
