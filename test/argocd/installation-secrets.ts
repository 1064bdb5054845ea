import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";

const { signal } = new AbortController();

/** Writes a Secret that declares something of a type to the installation. */
export async function declare(
  client: ConnectedCluster,
  secret: { readonly name: string; readonly type: string; readonly data: Readonly<Record<string, string>> },
): Promise<void> {
  const { name, type, data } = secret;
  const labels = { "argocd.argoproj.io/secret-type": type };
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
  const metadata = { name, namespace: "argocd", labels };
  const object = { apiVersion: "v1", kind: "Secret", metadata, data: Object.fromEntries(encoded) as object };
  await client.apply(object, { manager: "test", signal });
}

/** Writes a ConfigMap of the installation. */
export async function configure(
  client: ConnectedCluster,
  name: string,
  data: Readonly<Record<string, string>>,
): Promise<void> {
  const labels = { "app.kubernetes.io/part-of": "argocd" };
  const metadata = { name, namespace: "argocd", labels };
  await client.apply({ apiVersion: "v1", kind: "ConfigMap", metadata, data }, { manager: "test", signal });
}
