import type { CloudWay } from "#core/cluster/described-cluster.ts";
import type { AskedAccess } from "#core/cluster/cluster-access.ts";
import type { Cloud } from "#core/source/remote.ts";

/** A service account that an object names, as whom clouds and clusters are asked. */
export interface ServiceAccountIdentity {
  readonly namespace: string;
  readonly name: string;
  /** As they are now: who it is to a cloud. @throws SourceError when there is no such account */
  annotations(signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
  /** A new token of the account; no audiences: those of the cluster. */
  token(audiences: readonly string[], signal: AbortSignal): Promise<ExpiringToken>;
}

/** A token and when it ends, in milliseconds since the epoch. */
export interface ExpiringToken {
  readonly token: string;
  readonly expiresAt: number;
}

/** Keys of AWS; null: they do not end. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiresAt: number | null;
}

/** As whom a cloud is asked, and how it is reached. */
export interface CloudCaller {
  /** Null: as whom the cloud knows the controller itself, by its environment. */
  readonly identity: ServiceAccountIdentity | null;
  /** Address of a proxy with user and password; without it the environment says. */
  readonly proxy?: string;
}

/** What a registry of a cloud takes for a while. */
export interface RegistryPassword {
  readonly username: string;
  readonly password: string;
  readonly expiresAt: number;
}

/** Gets what proves to a cloud who asks, and keeps it until shortly before it ends. Every call throws SourceError. */
export interface CloudIdentity {
  /** An empty region is that of the environment, which is enough only for the controller itself. */
  awsCredentials(
    asked: CloudCaller & { readonly region: string; readonly stsEndpoint?: string },
    signal: AbortSignal,
  ): Promise<AwsCredentials>;
  azureToken(asked: CloudCaller & { readonly scope: string }, signal: AbortSignal): Promise<ExpiringToken>;
  gcpToken(asked: CloudCaller, signal: AbortSignal): Promise<ExpiringToken>;
}

/** Who asks for the way to which cluster of a cloud's. */
export type ClusterCaller = CloudCaller & { readonly cloud: Cloud } & Pick<AskedAccess, "name" | "address" | "ca">;

/** What an API server takes for a while, where it is, and whom it is trusted by; absent: by what the system trusts. */
export interface ClusterProof extends ExpiringToken {
  readonly server: string;
  readonly ca?: string;
}

/** Gets what clusters of clouds take, and keeps it as long. Every call throws SourceError. */
export interface CloudClusters {
  clusterProof(asked: ClusterCaller, signal: AbortSignal): Promise<ClusterProof>;
  /** For the controller itself, for a cluster whose place is known. */
  clusterToken(asked: CloudWay, signal: AbortSignal): Promise<ExpiringToken>;
}

/** Who asks a cloud's Git servers, for which repository, and whether the source says whom to trust there. */
export type GitCaller = CloudCaller & {
  readonly cloud: "aws" | "azure";
  readonly url: string;
  readonly hasOwnAuthority?: boolean;
};

/** What a Git server of a cloud takes for a while; null: the password is a token that needs no user. */
export interface GitPassword {
  readonly username: string | null;
  readonly password: string;
  readonly expiresAt: number;
}

/** Gets passwords for the Git servers of clouds, and keeps them as long. Every call throws SourceError. */
export interface CloudRepositories {
  /** For a repository, by its address, that must be one of the cloud's. */
  gitPassword(asked: GitCaller, signal: AbortSignal): Promise<GitPassword>;
}

/** Who asks for a password of which registry. */
export type RegistryCaller = CloudCaller & { readonly cloud: Cloud; readonly registry: string };

/** A registry that shall be one of a cloud's, and how a source says that it is reached. */
export type ServedRegistry = Pick<RegistryCaller, "cloud" | "registry" | "identity"> & {
  /** Plain http. */
  readonly insecure: boolean;
  /** The source says whom to trust. */
  readonly hasOwnAuthority: boolean;
};

/** Gets passwords for the registries of clouds, and keeps them as long. Every call throws SourceError. */
export interface CloudRegistries {
  registryPassword(asked: RegistryCaller, signal: AbortSignal): Promise<RegistryPassword>;
  /** @throws SourceError for a registry that, by its host, is none of the cloud's, or that others could speak for */
  mustServe(asked: ServedRegistry): void;
}
