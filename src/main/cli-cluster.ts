import {
  clusterKubeconfig,
  listClusters,
  runKubectl,
  startCluster,
  stopCluster,
} from "#adapters/cluster/cluster-control.ts";
import type { ClusterActions } from "#cli/cluster.ts";

/** Throwaway clusters on this machine. */
export const clusterActions: ClusterActions = {
  start: startCluster,
  stop: stopCluster,
  list: listClusters,
  kubeconfig: clusterKubeconfig,
  kubectl: runKubectl,
};
