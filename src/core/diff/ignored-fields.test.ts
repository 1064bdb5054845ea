import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { driftOf } from "./drift.ts";
import { fieldsOfManagers } from "./ignored-fields.ts";
import { keepIgnored } from "./keep-ignored.ts";

const containers = (...items: object[]) => ({ template: { spec: { containers: items } } });

const desired: Resource = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: { replicas: 1, ...containers({ name: "web", image: "web:1" }, { name: "log", image: "log:1" }) },
};

const live: Resource = {
  ...desired,
  metadata: {
    name: "web",
    managedFields: [
      {
        manager: "scaler",
        operation: "Update",
        apiVersion: "apps/v1",
        fieldsV1: {
          "f:spec": {
            "f:replicas": {},
            "f:template": { "f:spec": { "f:containers": { 'k:{"name":"web"}': { ".": {}, "f:image": {} } } } },
          },
        },
      },
    ],
  },
  spec: {
    replicas: 3,
    ...containers({ name: "added", image: "x" }, { name: "web", image: "web:2" }, { name: "log", image: "log:1" }),
  },
};

const webOf = (index: number) => `/spec/template/spec/containers/${index}/image`;

describe("ignored fields", () => {
  test("of a manager are found at their place in each object", () => {
    expect(fieldsOfManagers(live, desired, ["scaler"])).toEqual({
      live: ["/spec/replicas", webOf(1)],
      desired: ["/spec/replicas", webOf(0)],
    });
    expect(fieldsOfManagers(live, desired, ["other"])).toEqual({ live: [], desired: [] });
  });

  test("do not count as drift, at whatever place they are", () => {
    const judge = (ignoredPaths: Parameters<typeof driftOf>[0]["ignoredPaths"]) => {
      const drift = driftOf({ live, desired, manager: "us", baseline: null, takeOver: [], ignoredPaths });
      return drift.kind === "drifted" ? drift.paths.filter((path) => path !== "/metadata/managedFields") : drift.kind;
    };
    expect(judge([])).toEqual(["/spec/replicas", webOf(1)]);
    expect(judge({ live: ["/spec/replicas", webOf(1)], desired: ["/spec/replicas", webOf(0)] })).toEqual([]);
    // The log's image stands where the web's does in the other object.
    expect(judge({ live: [webOf(2)], desired: [webOf(1)] })).toEqual(["/spec/replicas", webOf(1)]);
  });

  test("keep the live value of the very item that is declared", () => {
    const kept = keepIgnored(desired, live, { live: [webOf(1)], desired: [webOf(0)] });
    expect(kept["spec"]).toEqual({
      replicas: 1,
      ...containers({ name: "web", image: "web:2" }, { name: "log", image: "log:1" }),
    });
  });

  test("are left out where the live object has no such item", () => {
    const without = { ...live, spec: { replicas: 3, ...containers({ name: "log", image: "log:1" }) } };
    const kept = keepIgnored(desired, without, { live: [], desired: [webOf(0), "/spec/replicas"] });
    expect(kept["spec"]).toEqual({ replicas: 3, ...containers({ name: "web" }, { name: "log", image: "log:1" }) });
  });
});
