// Runs the `cluster` commands alone, so that their tests need no other part of the program.
import {
  clusterKubeconfig,
  listClusters,
  runKubectl,
  startCluster,
  stopCluster,
} from "#adapters/cluster/cluster-control.ts";
import { clusterCommand } from "#cli/cluster.ts";

const actions = {
  start: startCluster,
  stop: stopCluster,
  list: listClusters,
  kubeconfig: clusterKubeconfig,
  kubectl: runKubectl,
};

try {
  await clusterCommand(actions, new AbortController().signal).parseAsync(process.argv);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
