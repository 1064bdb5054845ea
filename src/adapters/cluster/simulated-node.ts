const nodeName = "holdfast-node";

/** The node on which all pods run: ready from its creation, so that nobody waits for it. */
export function simulatedNode(now: Date): object {
  const resources = { cpu: "10k", memory: "10Ti", pods: "1M" };
  const time = now.toISOString().replace(/\.\d+/, "");
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: nodeName, labels: { "kubernetes.io/hostname": nodeName, "kubernetes.io/os": "linux" } },
    status: {
      phase: "Running",
      capacity: resources,
      allocatable: resources,
      conditions: [
        {
          type: "Ready",
          status: "True",
          reason: "Simulated",
          message: "pods are simulated",
          lastHeartbeatTime: time,
          lastTransitionTime: time,
        },
      ],
      nodeInfo: {
        machineID: "",
        systemUUID: "",
        bootID: "",
        kernelVersion: "",
        osImage: "simulated",
        containerRuntimeVersion: "simulated",
        kubeletVersion: "v1.36.3",
        kubeProxyVersion: "",
        operatingSystem: "linux",
        architecture: "amd64",
      },
    },
  };
}
