import fc from "fast-check";
import { expect, test } from "vitest";
import type { IdKey } from "#core/resource/resource-id.ts";
import { type Inventory, type InventoryEntry, sameInventory, updated, writeAhead } from "./inventory.ts";

const anyEntry: fc.Arbitrary<InventoryEntry> = fc.record({
  key: fc.constantFrom("/ConfigMap/a/x", "/ConfigMap/a/y", "/ConfigMap/b/x").map((key) => key as IdKey),
  version: fc.constantFrom("v1", "v2"),
  uid: fc.constantFrom("", "u1", "u2"),
  input: fc.constantFrom("", "i1"),
  baseline: fc.constantFrom("", "b1"),
});
const X = "/ConfigMap/a/x" as IdKey;
const Y = "/ConfigMap/a/y" as IdKey;
const anyInventory: fc.Arbitrary<Inventory> = fc
  .array(anyEntry, { maxLength: 4 })
  .map((entries) => new Map(entries.map((entry) => [entry.key, entry])));

test("writeAhead() keeps everything recorded and adds what is intended", () => {
  fc.assert(
    fc.property(anyInventory, fc.array(anyEntry), (recorded, intended) => {
      const ahead = writeAhead(recorded, intended, false);
      for (const [key, entry] of recorded) expect(ahead.get(key)).toBe(entry);
      for (const { key } of intended) expect(ahead.has(key)).toBe(true);
      expect(ahead.size).toBe(new Set([...recorded.keys(), ...intended.map(({ key }) => key)]).size);
    }),
  );
});

test("writeAhead() records an intended object as not written yet", () => {
  const bare = { key: X, version: "v1", uid: "", input: "", baseline: "" };
  expect(writeAhead(new Map(), [bare], false).get(X)).toEqual(bare);
});

test("an object that comes while deletions wait stays marked until none waits any more", () => {
  const known = { key: X, version: "v1", uid: "u1", input: "i1", baseline: "b1" };
  const ahead = writeAhead(new Map([[X, known]]), [{ key: Y, version: "v1" }], true);
  expect([ahead.get(X)?.late, ahead.get(Y)?.late]).toEqual([undefined, true]);
  const written = updated(ahead, [[Y, { ...known, key: Y }]]);
  expect(written.get(Y)).toEqual({ ...known, key: Y, late: true });
  expect(writeAhead(written, [], true).get(Y)?.late).toBe(true);
  expect(writeAhead(written, [], false).get(Y)).toEqual({ ...known, key: Y });
});

test("sameInventory() is equality of entries, whatever their order", () => {
  fc.assert(
    fc.property(anyInventory, anyInventory, (a, b) => {
      const sorted = (inventory: Inventory) =>
        [...inventory.values()].map((entry) => JSON.stringify(entry, Object.keys(entry).sort())).sort();
      expect(sameInventory(a, b)).toBe(JSON.stringify(sorted(a)) === JSON.stringify(sorted(b)));
      expect(sameInventory(a, new Map([...a].reverse()))).toBe(true);
    }),
  );
});

test("sameInventory() sees what came late", () => {
  const entry: InventoryEntry = { key: X, version: "v1", uid: "u", input: "i", baseline: "b" };
  expect(sameInventory(new Map([[X, entry]]), new Map([[X, { ...entry, late: true }]]))).toBe(false);
});

for (const member of ["version", "uid", "input", "baseline"] as const) {
  test(`sameInventory() sees another ${member}`, () => {
    const entry: InventoryEntry = {
      key: "/ConfigMap/a/x" as IdKey,
      version: "v1",
      uid: "u",
      input: "i",
      baseline: "b",
    };
    const other = { ...entry, [member]: "other" };
    expect(sameInventory(new Map([[entry.key, entry]]), new Map([[entry.key, other]]))).toBe(false);
  });
}
