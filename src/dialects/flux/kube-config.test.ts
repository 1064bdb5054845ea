import { expect, test } from "vitest";
import { usualSettings } from "#core/app/settings.ts";
import { clusterOf, kubeConfigReferences } from "./kube-config.ts";

const settings = { ...usualSettings("flux-system"), defaultClusterAccount: "usual" };

test("a kubeconfig is in the Secret's usual keys or in the one that is named", () => {
  expect(clusterOf(undefined, "a", settings)).toEqual({ cluster: "in-cluster", kubeconfig: null });
  const secret = { kind: "Secret", namespace: "a", name: "other" };
  expect(clusterOf({ secretRef: { name: "other" } }, "a", settings)).toEqual({
    cluster: "a/other",
    kubeconfig: { ...secret, keys: ["value", "value.yaml"] },
  });
  const named = clusterOf({ secretRef: { name: "other", key: "config" } }, "a", settings);
  expect(named.kubeconfig).toEqual({ ...secret, keys: ["config"] });
  expect(kubeConfigReferences({ secretRef: { name: "other" } }, "a")).toEqual([secret]);
  expect(kubeConfigReferences(undefined, "a")).toEqual([]);
});

test("a ConfigMap stands for a kubeconfig, with the account that counts where it names none", () => {
  const configMap = { kind: "ConfigMap", namespace: "a", name: "other" };
  expect(clusterOf({ configMapRef: { name: "other" } }, "a", settings)).toEqual({
    cluster: "a/other",
    kubeconfig: { ...configMap, account: "usual" },
  });
  expect(kubeConfigReferences({ configMapRef: { name: "other" } }, "a")).toEqual([configMap]);
});
