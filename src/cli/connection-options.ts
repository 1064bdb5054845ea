import type { Command } from "commander";

/** Which cluster and namespace a command means. */
export interface ConnectionOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
}

/** Adds the options that choose the cluster. */
export function withCluster(command: Command): Command {
  return command
    .option("--kubeconfig <path>", "kubeconfig file (default: $KUBECONFIG, then ~/.kube/config)")
    .option("--context <name>", "context of the kubeconfig");
}

/** Adds the options that choose the cluster and the namespace. */
export function withNamespace(command: Command): Command {
  return withCluster(command).option("-n, --namespace <name>", "namespace of the app (default: wherever it is)");
}
