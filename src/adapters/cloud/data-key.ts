import type { CloudIdentity, ServiceAccountIdentity } from "#engine/cloud-identity.ts";
import type { HttpWire } from "../http/http-wire.ts";
import type { KeptTokens } from "./kept-tokens.ts";

/** A data key that a key of AWS KMS wraps; what is wrapped is base64. */
export interface AwsDataKey {
  readonly service: "aws";
  readonly arn: string;
  /** Who may use it; "" for whoever asks. */
  readonly role: string;
  /** What must be told with it. */
  readonly context: Readonly<Record<string, string>> | null;
  readonly ciphertext: string;
}

/** A data key that a key of Google's KMS wraps; what is wrapped is base64. */
export interface GcpDataKey {
  readonly service: "gcp";
  readonly name: string;
  readonly ciphertext: string;
}

/** A data key that a key of an Azure Key Vault wraps; what is wrapped is base64 as URLs take it. */
export interface AzureDataKey {
  readonly service: "azure";
  readonly vault: string;
  readonly name: string;
  readonly version: string;
  readonly ciphertext: string;
}

/** A data key that a service of a cloud unwraps. */
export type CloudDataKey = AwsDataKey | GcpDataKey | AzureDataKey;

/** Who asks for a data key. */
export interface KeyCaller {
  /** An entry of the Secret with keys; what stands there proves who asks, before anything else. */
  readonly entry: (name: string) => Buffer | undefined;
  /** Null: the controller itself. */
  readonly identity: ServiceAccountIdentity | null;
}

/** What it takes to ask for one. */
export interface KeyMeans {
  readonly cloud: CloudIdentity;
  readonly kept: KeptTokens;
  readonly wire: HttpWire;
  readonly random: () => number;
}
