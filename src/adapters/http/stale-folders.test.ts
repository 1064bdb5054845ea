import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { removeStaleFolders } from "./stale-folders.ts";

test("removeStaleFolders() removes what is old and unused, with all that is in it", async () => {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-stale-"));
  try {
    for (const [name, at] of Object.entries({ old: 1_000, used: 1_000, young: 3_000 })) {
      await mkdir(join(directory, name));
      await writeFile(join(directory, name, "pack"), "");
      await utimes(join(directory, name), at, at);
    }
    removeStaleFolders(directory, (name) => name === "used", 2_000_000);
    expect((await readdir(directory)).sort()).toEqual(["used", "young"]);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("removeStaleFolders() has nothing to do where nothing was kept yet", () => {
  expect(() => removeStaleFolders("/nonexistent", () => false, Date.now())).not.toThrow();
});
