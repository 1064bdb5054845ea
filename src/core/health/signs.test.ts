import fc from "fast-check";
import { expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { healthBySigns, type Sign } from "./signs.ts";

const base = { apiVersion: "example.com/v1", kind: "Queue", metadata: { name: "q", generation: 3 } };
const condition = { kind: "condition", statuses: [], reasons: [], severities: [], at: "status/conditions", age: "any" };
const ready = { ...condition, types: ["Ready"] } as Extract<Sign, { kind: "condition" }>;
const at = "status/parts/*/has";

const cases: readonly (readonly [name: string, sign: Sign, status: unknown, shown: boolean])[] = [
  ["a condition of any status", ready, { conditions: [{ type: "Ready" }] }, true],
  ["a condition of another type", ready, { conditions: [{ type: "Done" }] }, false],
  ["a reason", { ...ready, reasons: ["A"] }, { conditions: [{ type: "Ready", reason: "B" }] }, false],
  ["no severity", { ...ready, severities: [""] }, { conditions: [{ type: "Ready" }] }, true],
  ["an old condition", { ...ready, age: "fresh" }, { conditions: [{ type: "Ready", observedGeneration: 2 }] }, false],
  ["only what is old", { ...ready, age: "stale" }, { conditions: [{ type: "Ready", observedGeneration: 2 }] }, true],
  ["no value", { kind: "field", at: "status/phase", values: [null] }, {}, true],
  ["one of several values", { kind: "field", at: "status/list/x", values: [2] }, { list: [{ x: 1 }, { x: 2 }] }, true],
  ["a name with a slash", { kind: "field", at: "status/a~1b", values: ["c"] }, { "a/b": "c" }, true],
  ["an empty list", { kind: "filled", at: "status/list" }, { list: [] }, false],
  [
    "the second of two that lacks some",
    { kind: "less", at, than: "status/parts/*/wants", otherwise: 0 },
    { parts: { a: { has: 1, wants: 1 }, b: { has: 1, wants: 2 } } },
    true,
  ],
  ["no number", { kind: "less", at: "status/has", than: "spec/wants", otherwise: 1 }, {}, true],
  ["some of several", { kind: "share", at: "status/n", of: "some" }, { n: "1/3" }, true],
  ["what is no share", { kind: "share", at: "status/n", of: "none" }, { n: "zero" }, false],
  ["two that differ", { kind: "differs", at: "status/a", from: "status/b" }, { a: 1, b: 2 }, true],
  ["a generation as text", { kind: "behind", strict: false }, { observedGeneration: "2" }, true],
  ["no generation", { kind: "behind", strict: false }, {}, false],
  ["no generation where there must be one", { kind: "behind", strict: true }, {}, true],
  ["the opposite", { kind: "not", sign: ready }, {}, true],
  [
    "both, of which one is missing",
    { kind: "all", signs: [ready, { ...ready, types: ["Done"] }] },
    { conditions: [{ type: "Ready" }] },
    false,
  ],
];

for (const [name, sign, status, shown] of cases) {
  test(`healthBySigns() ${shown ? "sees" : "does not see"} ${name}`, () => {
    const object = { ...base, status } as Resource;
    expect(healthBySigns(object, [{ status: "Degraded", sign, says: "seen" }]).message === "seen").toBe(shown);
  });
}

test("the first row that holds decides, and says what the object says there", () => {
  const object = { ...base, status: { why: "disk full" } } as Resource;
  const always: Sign = { kind: "all", signs: [] };
  const rows = [
    { status: "Suspended", sign: { kind: "not", sign: always }, says: null },
    { status: "Degraded", sign: always, says: "/status/why" },
    { status: "Healthy", sign: always, says: null },
  ] as const;
  expect(healthBySigns(object, rows)).toEqual({ status: "Degraded", message: "disk full" });
});

test("no status makes it throw", () => {
  const signs = cases.map(([, sign]) => sign);
  fc.assert(
    fc.property(fc.constantFrom(...signs), fc.jsonValue(), (sign, status) => {
      healthBySigns({ ...base, status }, [{ status: "Healthy", sign, says: "/status/message" }]);
    }),
  );
});
