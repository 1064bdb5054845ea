import type { App, Reference } from "#core/app/app.ts";
import type { Problem } from "#core/result.ts";

/** `spec.kubeConfig`: where the objects go instead of the cluster of the object itself. */
export interface KubeConfigField {
  readonly secretRef?: { readonly name: string; readonly key?: string };
  readonly configMapRef?: { readonly name: string };
}

/** The cluster that an object's kubeconfig names. */
export function clusterOf(
  kubeConfig: KubeConfigField | undefined,
  namespace: string,
): Pick<App["target"], "cluster" | "kubeconfig"> {
  const { secretRef } = kubeConfig ?? {};
  if (!secretRef) return { cluster: "in-cluster", kubeconfig: null };
  const { name, key } = secretRef;
  const keys = key ? [key] : ["value", "value.yaml"];
  return { cluster: `${namespace}/${name}`, kubeconfig: { kind: "Secret", namespace, name, keys } };
}

/** The Secret that is read for it. */
export function kubeConfigReferences(kubeConfig: KubeConfigField | undefined, namespace: string): readonly Reference[] {
  const { secretRef } = kubeConfig ?? {};
  return secretRef ? [{ kind: "Secret", namespace, name: secretRef.name }] : [];
}

/** What of it is not served: identities that a cloud gives. */
export function unsupportedKubeConfig(kubeConfig: KubeConfigField | undefined, kind: string): readonly Problem[] {
  if (!kubeConfig?.configMapRef) return [];
  const message = `not supported yet; use secretRef, or keep this ${kind} with its present controller`;
  return [{ path: "spec.kubeConfig.configMapRef", message }];
}
