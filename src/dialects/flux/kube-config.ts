import type { App, Reference } from "#core/app/app.ts";
import type { Settings } from "#core/app/settings.ts";

/** `spec.kubeConfig`: where the objects go instead of the cluster of the object itself. */
export interface KubeConfigField {
  readonly secretRef?: { readonly name: string; readonly key?: string };
  readonly configMapRef?: { readonly name: string };
}

/** The cluster that an object's kubeconfig names. */
export function clusterOf(
  kubeConfig: KubeConfigField | undefined,
  namespace: string,
  { defaultClusterAccount: account }: Pick<Settings, "defaultClusterAccount">,
): Pick<App["target"], "cluster" | "kubeconfig"> {
  const { secretRef, configMapRef } = kubeConfig ?? {};
  if (configMapRef) {
    const { name } = configMapRef;
    return { cluster: `${namespace}/${name}`, kubeconfig: { kind: "ConfigMap", namespace, name, account } };
  }
  if (!secretRef) return { cluster: "in-cluster", kubeconfig: null };
  const { name, key } = secretRef;
  const keys = key ? [key] : ["value", "value.yaml"];
  return { cluster: `${namespace}/${name}`, kubeconfig: { kind: "Secret", namespace, name, keys } };
}

/** The object that is read for it. */
export function kubeConfigReferences(kubeConfig: KubeConfigField | undefined, namespace: string): readonly Reference[] {
  const { secretRef, configMapRef } = kubeConfig ?? {};
  if (configMapRef) return [{ kind: "ConfigMap", namespace, name: configMapRef.name }];
  return secretRef ? [{ kind: "Secret", namespace, name: secretRef.name }] : [];
}
