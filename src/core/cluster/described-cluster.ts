import type { Cloud } from "#core/source/remote.ts";

/** A cluster that is described piece by piece. */
export interface DescribedCluster {
  readonly kind: "described";
  readonly server: string;
  /** PEM of the authorities to trust instead of the system's; "": the system's. */
  readonly ca: string;
  /** The name to expect in the server's certificate; "": that of the address. */
  readonly serverName: string;
  /** Any certificate is accepted. */
  readonly insecure: boolean;
  /** PEM of a certificate that is shown, and of its key; null: none is. */
  readonly certificate: { readonly certificate: string; readonly key: string } | null;
  /** Address of a proxy, which may hold a user and a password; "": none. */
  readonly proxy: string;
  readonly proof: ClusterProofWay;
}

/** How it is shown who asks. */
export type ClusterProofWay =
  | { readonly kind: "none" }
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  | CloudWay
  | CommandWay;

/** A cloud vouches for the controller. */
export interface CloudWay {
  readonly kind: "cloud";
  readonly cloud: Cloud;
  /** What the cloud calls the cluster; "" where it does not matter. */
  readonly name: string;
  /** Of AWS: "" is that of the address, else that of the environment. */
  readonly region: string;
  /** A role to take; "": none. */
  readonly role: string;
  /** What Azure is asked for; "": the usual. */
  readonly scope: string;
}

/** A program of the controller's machine prints it. */
export interface CommandWay {
  readonly kind: "command";
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly installHint: string;
}
