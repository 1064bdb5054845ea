import { expect, test } from "vitest";
import { usualSettings } from "#core/app/settings.ts";
import type { Resource } from "#core/resource/resource.ts";
import { usualArgoSettings } from "../settings.ts";
import { deletionOrder } from "./deletion-order.ts";
import { parseSet } from "./parse-set.ts";

const { controlNamespace } = usualSettings("argocd");
const step = (env: string) => ({ matchExpressions: [{ key: "env", operator: "In", values: [env] }] });
const rolling = { type: "RollingSync", rollingSync: { steps: [step("dev"), step("prod")] } };

function setOf(strategy: object, finalizers: readonly string[] = []): Resource {
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "ApplicationSet",
    metadata: { name: "fleet", namespace: "argocd", finalizers: [...finalizers] },
    spec: {
      generators: [{ list: {} }],
      template: { metadata: {}, spec: { project: "default", destination: {} } },
      strategy,
    },
  };
}

const app = (name: string, env: string): Resource => ({
  apiVersion: "argoproj.io/v1alpha1",
  kind: "Application",
  metadata: { name, namespace: "argocd", labels: { env } },
});
const apps = [app("a", "dev"), app("b", "prod"), app("c", "other"), app("d", "prod")];
const orderOf = (set: Resource) =>
  deletionOrder(set, apps).map((group) => group.map(({ metadata }) => metadata.name).join());

test("with Reverse the last step goes first, and what is of no step with the set", () => {
  expect(orderOf(setOf({ ...rolling, deletionOrder: "Reverse" }))).toEqual(["b,d", "a"]);
  expect(orderOf(setOf({ ...rolling, deletionOrder: "reverse" }))).toEqual(["b,d", "a"]);
});

test("nothing goes ahead of a set without an order, without steps, or that leaves its apps behind", () => {
  expect(orderOf(setOf(rolling))).toEqual([]);
  expect(orderOf(setOf({ ...rolling, type: "AllAtOnce", deletionOrder: "Reverse" }))).toEqual([]);
  expect(orderOf(setOf({ ...rolling, deletionOrder: "Reverse" }, ["orphan"]))).toEqual([]);
  expect(orderOf(setOf({ ...rolling, deletionOrder: "Reverse", rollingSync: 3 }))).toEqual([]);
});

test("a set whose apps go in an order needs a finalizer, and says so until it has one", () => {
  const missing = (set: Resource) => {
    const parsed = parseSet(set, usualArgoSettings.sets, controlNamespace);
    return parsed.ok && parsed.value.missingFinalizer;
  };
  const name = "resources-finalizer.argocd.argoproj.io";
  expect(missing(setOf(rolling))).toBeNull();
  expect(missing(setOf({ ...rolling, deletionOrder: "Reverse" }))).toBe(name);
  expect(missing(setOf({ ...rolling, deletionOrder: "Reverse" }, [name]))).toBeNull();
});

test("an order that nobody knows is refused by name", () => {
  const parsed = parseSet(setOf({ ...rolling, deletionOrder: "Sideways" }), usualArgoSettings.sets, controlNamespace);
  expect(!parsed.ok && parsed.error.map(({ path }) => path)).toEqual(["spec.strategy.deletionOrder"]);
});
