import type {
  AwsCredentials,
  CloudCaller,
  CloudIdentity,
  ExpiringToken,
  ServiceAccountIdentity,
} from "#engine/cloud-identity.ts";
import { askAws, type AwsCaller, awsRoleOf } from "./aws-credentials.ts";
import { askAzure, type AzureCaller, azureApplicationOf } from "./azure-token.ts";
import { askGcp, gcpAccountOf } from "./gcp-token.ts";
import { type GkeCluster, readGkeCluster } from "./gke-metadata.ts";
import { KeptTokens } from "./kept-tokens.ts";

/** What clouds give for identities, through their own libraries, which are loaded when they are needed first. */
export class CloudTokens implements CloudIdentity {
  readonly #lifetime = new AbortController();
  readonly #kept: KeptTokens;
  /** It stays what it is. */
  #gke: GkeCluster | undefined;

  constructor({ now }: { readonly now: () => number }) {
    this.#kept = new KeptTokens(this.#lifetime.signal, now);
  }

  async awsCredentials(asked: AwsCaller, signal: AbortSignal): Promise<AwsCredentials> {
    const role = asked.identity && (await awsRoleOf(asked.identity, signal));
    const key = keyOf("aws", asked, [role, asked.region, asked.stsEndpoint]);
    return await this.#kept.get(key, (scope) => askAws(asked, role, scope), signal);
  }

  async azureToken(asked: AzureCaller, signal: AbortSignal): Promise<ExpiringToken> {
    const application = asked.identity && (await azureApplicationOf(asked.identity, signal));
    const key = keyOf("azure", asked, [application, asked.scope]);
    return await this.#kept.get(key, (scope) => askAzure(asked, application, scope), signal);
  }

  async gcpToken(asked: CloudCaller, signal: AbortSignal): Promise<ExpiringToken> {
    const account = asked.identity && (await gcpAccountOf(asked.identity, signal));
    const readGke = async (scope: AbortSignal) => (this.#gke ??= await readGkeCluster(scope));
    const key = keyOf("gcp", asked, [account]);
    return await this.#kept.get(key, (scope) => askGcp(asked, { account, readGke }, scope), signal);
  }

  /** Ends all that is under way. */
  close(): void {
    this.#lifetime.abort(new Error("The program ends"));
  }
}

function keyOf(cloud: string, { identity, proxy }: CloudCaller, rest: readonly unknown[]): string {
  return JSON.stringify([cloud, accountOf(identity), proxy, rest]);
}

function accountOf(identity: ServiceAccountIdentity | null): readonly string[] | null {
  return identity && [identity.namespace, identity.name];
}
