import { expect, test } from "vitest";
import { builtInScopes, scopesFrom } from "./eval-scopes.ts";

const definition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "fleets.example.com" },
  spec: { group: "example.com", scope: "Cluster", names: { kind: "Fleet" } },
};
const boat = { apiVersion: "example.com/v1", kind: "Boat", metadata: { name: "a", namespace: "sea" } };

const cases = [
  ["", "ConfigMap", "namespaced"],
  ["", "Namespace", "cluster"],
  ["rbac.authorization.k8s.io", "ClusterRole", "cluster"],
  ["rbac.authorization.k8s.io", "Role", "namespaced"],
  ["example.com", "Fleet", "cluster"],
  ["example.com", "Boat", "namespaced"],
  ["example.com", "Oar", "unknown"],
] as const;
for (const [group, kind, want] of cases) {
  test(`scopesFrom() calls ${group}/${kind} ${want}`, () => {
    expect(scopesFrom(builtInScopes, [definition, boat])({ group, version: "v1", kind })).toBe(want);
  });
}
