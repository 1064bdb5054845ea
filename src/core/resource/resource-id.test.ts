import fc from "fast-check";
import { expect, test } from "vitest";
import type { Resource } from "./resource.ts";
import {
  gvkOf,
  idKey,
  idOf,
  idText,
  joinApiVersion,
  keyOf,
  kindKey,
  parseIdKey,
  splitApiVersion,
} from "./resource-id.ts";

const anyLabel = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
const anyId = fc.record({
  group: fc.oneof(fc.constant(""), fc.constant("apps"), fc.constant("rbac.authorization.k8s.io")),
  kind: fc.stringMatching(/^[A-Z][A-Za-z0-9]{0,12}$/),
  namespace: fc.oneof(fc.constant(""), anyLabel),
  // Names of roles hold almost anything: colons, spaces, and in other systems' exports slashes.
  name: fc.oneof(anyLabel, fc.stringMatching(/^[!-~][ -~]{0,15}$/)),
});

test("parseIdKey() is the inverse of idKey()", () => {
  fc.assert(
    fc.property(anyId, (id) => {
      expect(parseIdKey(idKey(id))).toEqual(id);
    }),
  );
});

test("idKey() tells different objects apart", () => {
  fc.assert(
    fc.property(anyId, anyId, (a, b) => {
      const fields = ["group", "kind", "namespace", "name"] as const;
      expect(idKey(a) === idKey(b)).toBe(fields.every((field) => a[field] === b[field]));
    }),
  );
});

test("splitApiVersion() and joinApiVersion() are inverse", () => {
  expect(splitApiVersion("v1")).toEqual({ group: "", version: "v1" });
  expect(splitApiVersion("apps/v1")).toEqual({ group: "apps", version: "v1" });
  fc.assert(
    fc.property(fc.oneof(fc.constant(""), anyLabel), anyLabel, (group, version) => {
      expect(splitApiVersion(joinApiVersion({ group, version }))).toEqual({ group, version });
    }),
  );
});

const DEPLOYMENT: Resource = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "shop" },
};
const CLUSTER_ROLE: Resource = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  metadata: { name: "system:node" },
};

test("an object's identity holds no version and no namespace where there is none", () => {
  expect(idOf(DEPLOYMENT)).toEqual({ group: "apps", kind: "Deployment", namespace: "shop", name: "web" });
  expect(idOf(CLUSTER_ROLE).namespace).toBe("");
  expect(keyOf({ ...DEPLOYMENT, apiVersion: "apps/v1beta2" })).toBe(keyOf(DEPLOYMENT));
  expect(gvkOf(DEPLOYMENT)).toEqual({ group: "apps", version: "v1", kind: "Deployment" });
});

test("texts for people and map keys name the parts that there are", () => {
  expect(idText(idOf(DEPLOYMENT))).toBe("Deployment/shop/web");
  expect(idText(idOf(CLUSTER_ROLE))).toBe("ClusterRole/system:node");
  expect(kindKey(idOf(DEPLOYMENT))).toBe("apps/Deployment");
  expect(kindKey({ group: "", kind: "Pod" })).toBe("/Pod");
});
