import { describe, expect, test } from "vitest";
import type { ObjectResult, SyncWait } from "#core/app/app-report.ts";
import { idKey } from "#core/resource/resource-id.ts";
import { restore } from "./restore.ts";
import { application } from "./testdata/build-app.ts";
import { after, objectReport, report, sync, written } from "./testdata/build-report.ts";

const id = { group: "batch", kind: "Job", namespace: "shop", name: "pre" };
const hook = (parts: Partial<ObjectResult> = {}): ObjectResult => ({
  key: idKey(id),
  id,
  version: "v1",
  outcome: "created",
  message: "",
  hook: "PreSync",
  ...parts,
});
const running = (parts: Partial<ObjectResult>, waitsFor?: SyncWait) =>
  report({
    phase: { kind: "syncing", step: "health" },
    sync: sync({ outcome: "running", finishedAt: null, results: [hook(parts)], ...(waitsFor && { waitsFor }) }),
  });
const operationOf = (status: Readonly<Record<string, unknown>>) =>
  status["operationState"] as { message: string; syncResult: { resources: Record<string, unknown>[] } };

describe("an operation with hooks", () => {
  test("tells the moment and how far a hook has come, in the hook's own words", () => {
    const { status } = written(application(), running({ phase: "Succeeded", message: "Reached expected number" }));
    expect(operationOf(status).syncResult.resources).toEqual([
      expect.objectContaining({
        hookType: "PreSync",
        hookPhase: "Succeeded",
        syncPhase: "PreSync",
        status: "Synced",
        message: "Reached expected number",
      }),
    ]);
  });

  const waits: { wait: SyncWait; want: string }[] = [
    {
      wait: { kind: "hook", first: id, more: 0, onlyHooks: true },
      want: "waiting for completion of hook batch/Job/pre",
    },
    {
      wait: { kind: "hook", first: id, more: 2, onlyHooks: false },
      want: "waiting for completion of hook batch/Job/pre and 2 more resources",
    },
    {
      wait: { kind: "health", first: id, more: 1, onlyHooks: false },
      want: "waiting for healthy state of batch/Job/pre and 1 more resources",
    },
    {
      wait: { kind: "deletion", first: id, more: 0, onlyHooks: true },
      want: "waiting for deletion of hook batch/Job/pre",
    },
  ];
  for (const { wait, want } of waits) {
    test(`says: ${want}`, () => {
      expect(operationOf(written(application(), running({}, wait)).status).message).toBe(want);
    });
  }

  for (const phase of ["Running", "Succeeded", "Failed"] as const) {
    test(`is read back as it was told: ${phase}`, () => {
      const object = after(application(), written(application(), running({ phase, message: "x" })));
      const { sync: read } = restore(object);
      expect(read).toMatchObject({ outcome: "running", results: [{ key: idKey(id), hook: "PreSync", phase }] });
    });
  }

  test("that a person ends is still to be ended by whoever reads it", () => {
    const object = after(application(), written(application(), running({ phase: "Running" })));
    const status = object["status"] as { operationState: object };
    const ended = {
      ...object,
      status: { ...status, operationState: { ...status.operationState, phase: "Terminating" } },
    };
    expect(restore(ended).sync?.outcome).toBe("running");
  });
});

test("what ran as a hook has a row, and counts neither for the comparison nor for health", () => {
  const failed = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "pre", namespace: "shop" },
    status: { conditions: [{ type: "Failed", status: "True" }] },
  };
  const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "shop" } };
  const objects = [objectReport(map), { ...objectReport(failed, "extra"), hook: true as const, counted: false }];
  const { status } = written(application(), report({ objects }));
  expect(status).toMatchObject({ sync: { status: "Synced" }, health: { status: "Healthy" } });
  expect(status["resources"]).toEqual([
    { kind: "ConfigMap", name: "a", namespace: "shop", status: "Synced", version: "v1" },
    { group: "batch", hook: true, kind: "Job", name: "pre", namespace: "shop", requiresPruning: true, version: "v1" },
  ]);
});
