import type { ClusterProof } from "#engine/cloud-identity.ts";

/** A program of the operator's own kubeconfig that prints credentials. */
export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What to tell a person when the program is missing. */
  readonly installHint: string | undefined;
  /** The cluster description that the plugin asked for, as KUBERNETES_EXEC_INFO carries it. */
  readonly cluster: Readonly<Record<string, unknown>> | undefined;
}

/** How requests prove who sends them. */
export type Credential =
  | { readonly kind: "none" }
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "token-file"; readonly path: string }
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | { readonly kind: "exec"; readonly plugin: ExecPlugin }
  /** Got from somebody for a while, with the address and the authorities that it is for. */
  | { readonly kind: "asked"; readonly ask: (signal: AbortSignal) => Promise<ClusterProof> };

/** Where requests go and whom they trust. */
export interface Place {
  /** Base URL, a path included where a gateway needs one. */
  readonly server: string;
  /** PEM of the authorities to trust instead of the system's. */
  readonly ca?: string;
}

/** A client certificate with its key, PEM. */
export interface ClientCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** Where an API server is and how to talk to it. */
export interface ClusterSettings extends Place {
  /** Accepts any server certificate. */
  readonly insecure?: boolean;
  /** The name to expect in the server's certificate. */
  readonly serverName?: string;
  readonly clientCertificate?: ClientCertificate;
  /** Address of a proxy, with user and password where it wants them; without it connections are direct. */
  readonly proxy?: string;
  readonly credential: Credential;
  /** The namespace that the kubeconfig's context names. */
  readonly namespace?: string;
}

/** Thrown when connection settings cannot be read or are not supported. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}
