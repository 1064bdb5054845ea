import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { removeStaleFolders } from "./stale-folders.ts";

test("removeStaleFolders() removes what is old and not in use, also where there is nothing yet", () => {
  const directory = join(mkdtempSync(join(tmpdir(), "holdfast-stale-")), "repositories");
  try {
    removeStaleFolders(directory, () => false, 1_000_000);
    for (const [name, seconds] of Object.entries({ old: 10, used: 10, young: 10_000 })) {
      mkdirSync(join(directory, name, "contents"), { recursive: true });
      utimesSync(join(directory, name), seconds, seconds);
    }
    removeStaleFolders(directory, (name) => name === "used", 1_000_000);
    expect(readdirSync(directory).toSorted()).toEqual(["used", "young"]);
  } finally {
    rmSync(join(directory, ".."), { recursive: true });
  }
});
