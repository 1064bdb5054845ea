import { describe, expect, test } from "vitest";
import { application, parsed } from "./testdata/build-app.ts";
import { objectReport, report, result, sync } from "./testdata/build-report.ts";
import { object, settled } from "./testdata/settled.ts";

const configMap = object("v1", "ConfigMap", "a");

describe("reportApp() tells an order that its source keeps from being carried out", () => {
  const gone = { kind: "source-failed", missing: false, message: "nobody answers" } as const;
  const ordered = { ...application({}), operation: { sync: { revision: "c0" }, initiatedBy: { username: "ada" } } };

  test("as an error that stays, although an earlier sync ended well", () => {
    const earlier = sync({ results: [result(configMap, "created")] });
    const now = earlier.startedAt + 60_000;
    const { object: after } = settled(ordered, report({ phase: gone, sync: earlier, now }));
    const told = { phase: "Error", message: "ComparisonError: nobody answers" };
    expect(after["status"]).toMatchObject({ operationState: told });
    expect(after["operation"]).toBeUndefined();
    const later = settled(after, report({ objects: [objectReport(configMap)], sync: earlier, now: now + 5_000 }));
    expect(later.object["status"]).toMatchObject({ operationState: told });
  });

  test("but not when it was carried out before the source went away", () => {
    const { request } = parsed(ordered);
    const own = sync({ request, results: [result(configMap, "changed")] });
    const done = settled(ordered, report({ phase: gone, sync: own }));
    expect(done.object["status"]).toMatchObject({ operationState: { phase: "Succeeded" } });
  });
});
