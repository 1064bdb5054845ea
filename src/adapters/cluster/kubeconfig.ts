/** What a client needs to reach a control plane as one user. */
export interface KubeconfigInput {
  readonly cluster: string;
  readonly server: string;
  readonly caPem: string;
  readonly user: string;
  readonly token: string;
}

/** The text of a kubeconfig with one cluster, user and context; JSON, which is YAML too. */
export function kubeconfigText(input: KubeconfigInput): string {
  const cluster = {
    server: input.server,
    "certificate-authority-data": Buffer.from(input.caPem).toString("base64"),
  };
  const context = { cluster: input.cluster, user: input.user, namespace: "default" };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: input.cluster, cluster }],
    users: [{ name: input.user, user: { token: input.token } }],
    contexts: [{ name: input.cluster, context }],
    "current-context": input.cluster,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
