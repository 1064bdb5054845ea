import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { settingRows } from "./setting-keys.ts";
import { parseSettings, usualArgoSettings } from "./settings.ts";

/** Keys that were looked up, and beginnings of those that were looked for. */
function keysRead(): Set<string> {
  const read = new Set<string>();
  const recorder = new Proxy<Record<string, string>>(
    {},
    {
      getOwnPropertyDescriptor: (_target, key) => {
        read.add(String(key));
        return undefined;
      },
    },
  );
  parseSettings({ "argocd-cm": recorder, "argocd-cmd-params-cm": recorder }, usualArgoSettings);
  return read;
}

const isNamed = (key: string, pattern: string) =>
  pattern.endsWith("*") ? key.startsWith(pattern.slice(0, -1)) : key === pattern;

test("every key that is read is listed as served, and no other", () => {
  const read = keysRead();
  const listed = settingRows.filter(({ state }) => state === "served");
  const keys = listed.flatMap((row) => row.keys);
  for (const key of read) expect([key, keys.some((pattern) => isNamed(key, pattern))]).toEqual([key, true]);
  const exact = keys.filter((key) => !key.endsWith("*"));
  expect(exact.filter((key) => !read.has(key))).toEqual([]);
});

test("the compatibility page has a line for every row", async () => {
  const page = await readFile(new URL("../../../docs/compatibility/argocd.md", import.meta.url), "utf8");
  const lines = page.split("\n").map((line) => line.replaceAll(/\s+/g, " "));
  for (const { object, keys, state, why } of settingRows) {
    const line = `| ${keys.map((key) => `\`${key}\``).join(", ")} | \`${object}\` | ${state}${why === "" ? "" : `: ${why}`} |`;
    expect(lines).toContain(line);
  }
});
