import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AppKey } from "#core/app/app.ts";
import type { KeptRender } from "#core/app/kept-render.ts";
import { parseExactJson } from "../kube/exact-json.ts";
import { RenderFiles, type RenderLimits } from "./render-files.ts";

const shop = "app/argocd/shop" as AppKey;
const other = "app/argocd/other" as AppKey;
const { signal } = new AbortController();
let directory: string;
let errors: unknown[];

beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), "renders-")), "renders");
  errors = [];
});
afterEach(() => rm(join(directory, ".."), { recursive: true }));

const opened = (limits?: Partial<RenderLimits>) => new RenderFiles(directory, (error) => errors.push(error), limits);
const entry = (number: number) => String(number).padStart(64, "0");
const render = (value: string): KeptRender => ({
  resources: [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { value } }],
  renderer: "directory",
});

async function contents(): Promise<string[]> {
  return (await readdir(directory)).filter((name) => name.endsWith(".json.gz"));
}

describe("RenderFiles", () => {
  test("keeps numbers that a double cannot hold, digit for digit", async () => {
    const files = opened();
    const text = '{"resources":[{"spec":{"limit":12345678901234567890}}],"renderer":"directory"}';
    files.keep(shop, entry(1), parseExactJson(text) as KeptRender);
    expect(JSON.stringify(await files.find(shop, entry(1), signal))).toBe(text);
  });

  test("finds what another process kept, by app and entry", async () => {
    const files = opened();
    files.keep(shop, entry(1), render("1"));
    await files.close();
    const later = opened();
    expect(await later.find(shop, entry(1), signal)).toEqual(render("1"));
    expect(await later.find(other, entry(1), signal)).toBeNull();
    expect(await later.find(shop, entry(2), signal)).toBeNull();
  });

  test("keeps the same content once, for as long as an entry has it", async () => {
    const files = opened();
    files.keep(shop, entry(1), render("1"));
    files.keep(shop, entry(2), render("1"));
    files.keep(other, entry(3), render("1"));
    await files.close();
    expect(await contents()).toHaveLength(1);
    files.keep(other, entry(3), render("2"));
    expect(await files.find(other, entry(3), signal)).toEqual(render("2"));
    expect(await files.find(shop, entry(2), signal)).toEqual(render("1"));
    expect(await contents()).toHaveLength(2);
  });

  test("keeps the newest entries of each app", async () => {
    const files = opened({ perApp: 2 });
    files.keep(other, entry(1), render("other"));
    for (const number of [1, 2, 3]) files.keep(shop, entry(number), render(String(number)));
    expect(await files.find(shop, entry(1), signal)).toBeNull();
    expect(await files.find(shop, entry(2), signal)).toEqual(render("2"));
    expect(await files.find(other, entry(1), signal)).toEqual(render("other"));
    expect(await contents()).toHaveLength(3);
  });

  test("drops the oldest of all where there is too much, and what is too old", async () => {
    const files = opened({ totalBytes: 250 });
    for (const number of [1, 2, 3, 4]) files.keep(shop, entry(number), render(String(number)));
    expect(await files.find(shop, entry(1), signal)).toBeNull();
    expect(await files.find(shop, entry(4), signal)).toEqual(render("4"));
    await files.close();
    const aged = opened({ ageMs: -60_000 });
    aged.keep(other, entry(5), render("5"));
    await aged.close();
    expect(await readdir(directory)).toEqual([]);
  });

  test("says that a render is too large, and keeps none of it", async () => {
    const files = opened({ renderBytes: 100 });
    files.keep(shop, entry(1), render("x".repeat(1_000)));
    expect(await files.find(shop, entry(1), signal)).toEqual({ withheld: "it is too large to be kept" });
  });

  test("uses nothing that is damaged, and removes what belongs to no entry", async () => {
    const files = opened();
    files.keep(shop, entry(1), render("1"));
    await files.close();
    const [content = ""] = await contents();
    await writeFile(join(directory, `${"0".repeat(64)}.json.gz`), "left over");
    await writeFile(
      join(directory, content),
      await readFile(join(directory, content)).then((bytes) => bytes.fill(0, 20, 30)),
    );
    expect(await opened().find(shop, entry(1), signal)).toBeNull();
    expect(errors).toHaveLength(1);
    expect(await contents()).toEqual([content]);
  });

  test("tells of the first failure of a row only, and fails nobody", async () => {
    await writeFile(directory, "in the way");
    const files = opened();
    files.keep(shop, entry(1), render("1"));
    files.keep(shop, entry(2), render("2"));
    await files.close();
    expect(errors).toHaveLength(1);
    expect(await files.find(shop, entry(1), signal)).toBeNull();
  });
});
