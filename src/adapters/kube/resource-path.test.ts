import { expect, test } from "vitest";
import { collectionPath, objectPath } from "./resource-path.ts";

const pods = { group: "", version: "v1", kind: "Pod", plural: "pods", namespaced: true, verbs: [] };
const roles = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRole",
  plural: "clusterroles",
  namespaced: false,
  verbs: [],
};

test("paths follow group, scope and subresource", () => {
  expect(collectionPath(pods)).toBe("/api/v1/pods");
  expect(collectionPath(pods, "shop")).toBe("/api/v1/namespaces/shop/pods");
  expect(objectPath(pods, { namespace: "shop", name: "web" }, "status")).toBe(
    "/api/v1/namespaces/shop/pods/web/status",
  );
  expect(objectPath(roles, { namespace: "ignored", name: "system:node" })).toBe(
    "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode",
  );
});

test.each(["", ".", "..", "a/exec", "a%2Fexec", "a\0"])("the name %j is refused", (name) => {
  expect(() => objectPath(pods, { namespace: "shop", name })).toThrow("it is not a valid object name");
  if (name !== "") expect(() => collectionPath(pods, name)).toThrow("it is not a valid object name");
});

test("a namespaced object without a namespace is refused, not looked for everywhere", () => {
  expect(() => objectPath(pods, { name: "web" })).toThrow(
    "Cannot address Pod/web: it belongs to a namespace and names none",
  );
});
