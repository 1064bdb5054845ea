import { expect, test } from "vitest";
import { clusterOf, kubeConfigReferences } from "./kube-config.ts";

test("a kubeconfig is in the Secret's usual keys or in the one that is named, or a ConfigMap stands for it", () => {
  expect(clusterOf(undefined, "a")).toEqual({ cluster: "in-cluster", kubeconfig: null });
  const secret = { kind: "Secret", namespace: "a", name: "other" };
  expect(clusterOf({ secretRef: { name: "other" } }, "a")).toEqual({
    cluster: "a/other",
    kubeconfig: { ...secret, keys: ["value", "value.yaml"] },
  });
  expect(clusterOf({ secretRef: { name: "other", key: "config" } }, "a").kubeconfig?.keys).toEqual(["config"]);
  const configMap = { kind: "ConfigMap", namespace: "a", name: "other" };
  expect(clusterOf({ configMapRef: { name: "other" } }, "a")).toEqual({
    cluster: "a/other",
    kubeconfig: { ...configMap, keys: [] },
  });
  expect(kubeConfigReferences({ configMapRef: { name: "other" } }, "a")).toEqual([configMap]);
  expect(kubeConfigReferences({ secretRef: { name: "other" } }, "a")).toEqual([secret]);
  expect(kubeConfigReferences(undefined, "a")).toEqual([]);
});
