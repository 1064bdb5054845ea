import { join } from "node:path";

/** Files of a control plane, inside its state folder. */
export interface ControlPlanePaths {
  readonly directory: string;
  readonly tokenFile: string;
  readonly auditPolicy: string;
  readonly auditLog: string;
  readonly serviceAccountKey: string;
  readonly certificates: string;
  readonly etcdData: string;
  readonly logs: string;
  readonly kubeconfig: string;
}

/** Where each file of the control plane in `directory` lies. */
export function controlPlanePaths(directory: string): ControlPlanePaths {
  return {
    directory,
    tokenFile: join(directory, "tokens.csv"),
    auditPolicy: join(import.meta.dirname, "audit-policy.yaml"),
    auditLog: join(directory, "logs", "audit.log"),
    serviceAccountKey: join(directory, "service-account.key"),
    certificates: join(directory, "certificates"),
    etcdData: join(directory, "etcd"),
    logs: join(directory, "logs"),
    kubeconfig: join(directory, "kubeconfig"),
  };
}

// etcd takes host:port for the name of a socket in its working folder. Unlike a port, only the
// folder's owner can reach it, nobody else can take it, and the folder's path may be long.
const etcdSocket = "unix://etcd:0";
const etcdPeerSocket = "unix://etcd-peer:0";
const eightGibibytes = 8 * 1024 ** 3;

/** Arguments of etcd: one member that trades durability for speed. */
export function etcdFlags(paths: ControlPlanePaths): string[] {
  return [
    "etcd",
    "--name=holdfast",
    `--data-dir=${paths.etcdData}`,
    `--listen-client-urls=${etcdSocket}`,
    `--advertise-client-urls=${etcdSocket}`,
    `--listen-peer-urls=${etcdPeerSocket}`,
    `--initial-advertise-peer-urls=${etcdPeerSocket}`,
    `--initial-cluster=holdfast=${etcdPeerSocket}`,
    `--quota-backend-bytes=${eightGibibytes}`,
    "--unsafe-no-fsync",
    "--log-level=warn",
  ];
}

/** Arguments of the API server on a loopback port. */
export function apiServerFlags(paths: ControlPlanePaths, options: { port: number; audit: boolean }): string[] {
  const audit = [
    `--audit-policy-file=${paths.auditPolicy}`,
    `--audit-log-path=${paths.auditLog}`,
    // One file: whoever counts requests must not lose some to rotation.
    "--audit-log-maxsize=100000",
  ];
  return [
    "kube-apiserver",
    `--etcd-servers=${etcdSocket}`,
    "--bind-address=127.0.0.1",
    // A machine without a network has no other address, and nothing but this machine may connect.
    "--advertise-address=127.0.0.1",
    "--endpoint-reconciler-type=none",
    `--secure-port=${options.port}`,
    `--cert-dir=${paths.certificates}`,
    `--token-auth-file=${paths.tokenFile}`,
    "--anonymous-auth=false",
    "--authorization-mode=RBAC",
    // It taints new nodes until the controller switched off below declares them ready.
    "--disable-admission-plugins=TaintNodesByCondition",
    "--service-cluster-ip-range=10.96.0.0/16",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${paths.serviceAccountKey}`,
    `--service-account-signing-key-file=${paths.serviceAccountKey}`,
    "--max-requests-inflight=3000",
    "--max-mutating-requests-inflight=1500",
    "--shutdown-delay-duration=0s",
    ...(options.audit ? audit : []),
  ];
}

/** Arguments of the controller manager. */
export function controllerManagerFlags(paths: ControlPlanePaths, kubeconfig: string): string[] {
  return [
    "kube-controller-manager",
    `--kubeconfig=${kubeconfig}`,
    "--leader-elect=false",
    "--secure-port=0",
    `--service-account-private-key-file=${paths.serviceAccountKey}`,
    `--root-ca-file=${join(paths.certificates, "apiserver.crt")}`,
    // No kubelet renews leases here, so this controller would declare every node dead.
    "--controllers=*,-node-lifecycle-controller",
    "--kube-api-qps=500",
    "--kube-api-burst=1000",
    "--concurrent-deployment-syncs=20",
    "--concurrent-replicaset-syncs=20",
  ];
}

/** Arguments of the scheduler. */
export function schedulerFlags(kubeconfig: string): string[] {
  return [
    "kube-scheduler",
    `--kubeconfig=${kubeconfig}`,
    "--leader-elect=false",
    "--secure-port=0",
    "--kube-api-qps=500",
    "--kube-api-burst=1000",
  ];
}

/** Arguments of KWOK, which plays the kubelets of all nodes. */
export function kwokFlags(kubeconfig: string): string[] {
  return [`--kubeconfig=${kubeconfig}`, "--manage-all-nodes", `--config=${join(import.meta.dirname, "stages.yaml")}`];
}
