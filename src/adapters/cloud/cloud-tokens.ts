import type {
  AwsCredentials,
  CloudCaller,
  CloudClusters,
  CloudIdentity,
  CloudRegistries,
  CloudRepositories,
  ClusterCaller,
  ClusterProof,
  ExpiringToken,
  GitCaller,
  GitPassword,
  RegistryCaller,
  RegistryPassword,
  ServedRegistry,
} from "#engine/cloud-identity.ts";
import type { CloudWay } from "#core/cluster/described-cluster.ts";
import { askAws, type AwsCaller, awsRoleOf } from "./aws-credentials.ts";
import { askAzure, type AzureCaller, azureApplicationOf } from "./azure-token.ts";
import { callerKey } from "./caller-key.ts";
import { clusterToken } from "./cluster-token.ts";
import { clusterProof } from "./cluster-proof.ts";
import { askGcp, gcpAccountOf } from "./gcp-token.ts";
import { gitPassword } from "./git-password.ts";
import { type GkeCluster, readGkeCluster } from "./gke-metadata.ts";
import { KeptTokens } from "./kept-tokens.ts";
import { mustBePrivate } from "./must-be-private.ts";
import { registryKind, registryPassword } from "./registry-password.ts";
import { type RoleCaller, roleCredentials } from "./role-credentials.ts";

/** What clouds give for identities, through their own libraries, which are loaded when they are needed first. */
export class CloudTokens implements CloudIdentity, CloudRegistries, CloudRepositories, CloudClusters {
  readonly #lifetime = new AbortController();
  readonly #kept: KeptTokens;
  readonly #now: () => number;
  /** It stays what it is. */
  #gke: GkeCluster | undefined;

  constructor({ now }: { readonly now: () => number }) {
    this.#now = now;
    this.#kept = new KeptTokens(this.#lifetime.signal, now);
  }

  async awsCredentials(asked: AwsCaller, signal: AbortSignal): Promise<AwsCredentials> {
    const role = asked.identity && (await awsRoleOf(asked.identity, signal));
    const key = callerKey("aws", asked, [role, asked.region, asked.stsEndpoint]);
    return await this.#kept.get(key, (scope) => askAws(asked, role, scope), signal);
  }

  /** Keys of the controller itself, or of a role that it may take. @throws SourceError */
  async roleCredentials(asked: RoleCaller, signal: AbortSignal): Promise<AwsCredentials> {
    return await roleCredentials({ tokens: this, kept: this.#kept }, asked, signal);
  }

  async azureToken(asked: AzureCaller, signal: AbortSignal): Promise<ExpiringToken> {
    const application = asked.identity && (await azureApplicationOf(asked.identity, signal));
    const key = callerKey("azure", asked, [application, asked.scope]);
    return await this.#kept.get(key, (scope) => askAzure(asked, application, scope), signal);
  }

  async gcpToken(asked: CloudCaller, signal: AbortSignal): Promise<ExpiringToken> {
    const account = asked.identity && (await gcpAccountOf(asked.identity, signal));
    const readGke = async (scope: AbortSignal) => (this.#gke ??= await readGkeCluster(scope));
    const key = callerKey("gcp", asked, [account]);
    return await this.#kept.get(key, (scope) => askGcp(asked, { account, readGke }, scope), signal);
  }

  async registryPassword(asked: RegistryCaller, signal: AbortSignal): Promise<RegistryPassword> {
    return await registryPassword({ tokens: this, kept: this.#kept, now: this.#now }, asked, signal);
  }

  mustServe(asked: ServedRegistry): void {
    registryKind(asked);
    mustBePrivate(asked);
  }

  async gitPassword(asked: GitCaller, signal: AbortSignal): Promise<GitPassword> {
    return await gitPassword({ tokens: this, kept: this.#kept, now: this.#now }, asked, signal);
  }

  async clusterProof(asked: ClusterCaller, signal: AbortSignal): Promise<ClusterProof> {
    return await clusterProof({ tokens: this, now: this.#now }, asked, signal);
  }

  async clusterToken(asked: CloudWay, signal: AbortSignal): Promise<ExpiringToken> {
    return await clusterToken({ tokens: this, kept: this.#kept, now: this.#now }, asked, signal);
  }

  /** Ends all that is under way. */
  close(): void {
    this.#lifetime.abort(new Error("The program ends"));
  }
}
