import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { rollbackAnnotations, rollbackOf } from "./rollback.ts";
import { application, parsed } from "./testdata/build-app.ts";
import { report, written } from "./testdata/build-report.ts";

const noted = (annotations: Record<string, string>): Resource => {
  const { metadata, ...rest } = application({ syncPolicy: { automated: {} } });
  return { ...rest, metadata: { ...metadata, annotations } };
};
const after = { "holdfast.dev/rollback-after": "5m" };

describe("rollbackOf()", () => {
  test("reads how long a commit may take, and where that led", () => {
    const told = { "holdfast.dev/healthy-revision": "good", "holdfast.dev/rolled-back-from": "bad" };
    expect(parsed(noted(after)).rollback).toEqual({ afterMs: 300_000, healthy: null, from: null });
    expect(parsed(noted({ ...after, ...told })).rollback).toEqual({ afterMs: 300_000, healthy: "good", from: "bad" });
    expect(parsed(noted(told))).not.toHaveProperty("rollback");
  });

  for (const bad of ["soon", "0s", "-1m", ""]) {
    test(`refuses what is no time: ${JSON.stringify(bad)}`, () => {
      const { problems } = rollbackOf(noted({ "holdfast.dev/rollback-after": bad }));
      const place = "metadata.annotations[holdfast.dev/rollback-after]";
      expect(problems).toEqual([{ path: place, message: `${place}: ${JSON.stringify(bad)} is not a duration` }]);
    });
  }
});

describe("rollbackAnnotations()", () => {
  test("tells what changed, and nothing of an app that never goes back", () => {
    const told = noted({ ...after, "holdfast.dev/healthy-revision": "good" });
    expect(rollbackAnnotations(told, { healthy: "good", from: null })).toEqual({});
    expect(rollbackAnnotations(told, { healthy: "good", from: "bad" })).toEqual({
      "holdfast.dev/rolled-back-from": "bad",
    });
    expect(rollbackAnnotations(noted({}), undefined)).toEqual({});
    expect(rollbackAnnotations(told, undefined)).toEqual({ "holdfast.dev/healthy-revision": null });
  });
});

test("an app that went back says so once, and is OutOfSync although it is as it shall be", () => {
  const rollback = { healthy: "good", from: "bad" };
  const notices = [{ kind: "rolled-back" as const, message: "Rolled back from bad to good" }];
  const first = written(noted(after), report({ rollback, notices }));
  expect(first.status).toMatchObject({
    sync: { status: "OutOfSync" },
    conditions: [{ type: "SyncError", message: "Rolled back from bad to good" }],
  });
  expect(first.events).toContainEqual(expect.objectContaining({ type: "Warning", reason: "RolledBack" }));
  const told = noted({ ...after, "holdfast.dev/healthy-revision": "good", "holdfast.dev/rolled-back-from": "bad" });
  const again = written({ ...told, status: first.status }, report({ rollback, notices }));
  expect(again.events).toEqual([]);
});
