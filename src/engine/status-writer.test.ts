import { describe, expect, test } from "vitest";
import { ApiError } from "#core/cluster/api-error.ts";
import type { ObjectWrite } from "#core/app/app-report.ts";
import { writeStatus } from "./status-writer.ts";
import { appObject } from "./testing/dialect.ts";
import { FakeCluster } from "./testing/fake-cluster.ts";

const { signal } = new AbortController();

function rig(subresource: boolean, status: Record<string, unknown> = { phase: "old", at: 1 }) {
  const cluster = new FakeCluster();
  const object = cluster.put({ ...appObject("shop"), status });
  const style = { manager: "us-status", subresource };
  return {
    cluster,
    write: (write: Partial<ObjectWrite>) =>
      writeStatus(cluster, { object, write: { status, patch: null, events: [], ...write }, style }, signal),
  };
}

describe("writeStatus()", () => {
  for (const subresource of [true, false]) {
    test(`sends nothing when the status is as it was (subresource: ${subresource})`, async () => {
      const { cluster, write } = rig(subresource);
      expect([await write({}), cluster.requests]).toEqual([null, []]);
    });
  }

  test("sends only the difference, as the status manager, and removes what is gone", async () => {
    const { cluster, write } = rig(true);
    const stored = await write({ status: { phase: "new" } });
    expect(cluster.requests).toMatchObject([
      {
        verb: "patch-status",
        body: { status: { phase: "new", at: null } },
        options: { manager: "us-status", type: "merge" },
      },
    ]);
    expect(stored?.["status"]).toEqual({ phase: "new" });
  });

  test("keeps status and object apart where there is a status subresource", async () => {
    const { cluster, write } = rig(true);
    await write({ status: { phase: "new", at: 1 }, patch: { operation: null } });
    expect(cluster.requests.map(({ verb, body }) => [verb, body])).toEqual([
      ["patch-status", { status: { phase: "new" } }],
      ["patch", { operation: null }],
    ]);
  });

  test("writes status and object in one request where there is none", async () => {
    const { cluster, write } = rig(false);
    await write({ status: { phase: "new", at: 1 }, patch: { operation: null } });
    expect(cluster.requests.map(({ verb, body }) => [verb, body])).toEqual([
      ["patch", { status: { phase: "new" }, operation: null }],
    ]);
  });

  test("takes an object that is gone for nothing to do, and tells of every other failure", async () => {
    const { cluster, write } = rig(true);
    cluster.objects.clear();
    expect(await write({ status: { phase: "new" } })).toBeNull();
    cluster.before = () => Promise.reject(new ApiError({ code: 503, reason: "Unavailable", message: "no" }));
    await expect(write({ status: { phase: "new" } })).rejects.toMatchObject({ code: 503 });
  });
});
