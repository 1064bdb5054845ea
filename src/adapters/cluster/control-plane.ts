import type { ClusterUser } from "./cluster-users.ts";

/** How to start a control plane. */
export interface ControlPlaneOptions {
  /** Name of its cluster and context in the kubeconfig, "default" unless given. */
  readonly name?: string;
  /**
   * Folder for its state, secrets and logs; emptied first and left afterwards. Unless given it is that of the name,
   * and then `holdfast cluster status`, `kubectl` and `down` know the control plane by its name.
   */
  readonly dir?: string;
  /** Writes one line per request to `auditLogPath`. */
  readonly audit?: boolean;
  /** Users beside the administrator, so that an audit log tells their requests apart. */
  readonly users?: readonly ClusterUser[];
  /** Without nodes nothing schedules or runs pods, which saves time and memory. */
  readonly withNodes?: boolean;
  /** Aborting it while the control plane starts stops everything again; later it has no effect. */
  readonly signal: AbortSignal;
}

/** A running control plane; it ends with this process at the latest. */
export interface ControlPlane {
  readonly name: string;
  readonly dir: string;
  readonly server: string;
  /** Acts as the administrator. */
  readonly kubeconfigPath: string;
  readonly adminToken: string;
  readonly caPem: string;
  readonly auditLogPath: string;
  /** Process ids by program name, at this moment. */
  readonly pids: Readonly<Record<string, number>>;
  tokenFor(user: string): string;
  /** Writes a kubeconfig that acts as `user` and returns its path. */
  kubeconfigFor(user: string): Promise<string>;
  /** Resolves when pods can be created in the default namespace and the node takes them. */
  waitForPods(signal: AbortSignal): Promise<void>;
  /** Kills the API server as a crash would; it stays down until `restartApiServer`. */
  killApiServer(): Promise<void>;
  /** Kills the API server and resolves when it serves again at the same address. */
  restartApiServer(signal: AbortSignal): Promise<void>;
  /** Resolves when the control plane was stopped, by whomever. */
  readonly stopped: Promise<void>;
  /** Ends every program and resolves when they are gone; calling it again does nothing. */
  stop(): Promise<void>;
}
