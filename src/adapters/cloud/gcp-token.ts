import { type Agent as HttpAgent, globalAgent } from "node:http";
import type { Agent } from "node:https";
import type { AuthClient, IdentityPoolClient } from "google-auth-library";
import type { CloudCaller, ExpiringToken, ServiceAccountIdentity } from "#engine/cloud-identity.ts";
import { CloudError, callerName, cloudError, ownIdentityError } from "./cloud-error.ts";
import type { GkeCluster } from "./gke-metadata.ts";
import { httpsAgent } from "./https-agent.ts";

/** What a service account is at Google. */
export interface GcpAccount {
  /** The account of Google's that it becomes; null: it stays what it is. */
  readonly email: string | null;
  /** Where it is known, off GKE. */
  readonly provider: string | null;
}

/** Reads what Google's metadata server says of the cluster. */
export type ReadGke = (signal: AbortSignal) => Promise<GkeCluster>;

const emailAnnotation = "iam.gke.io/gcp-service-account";
const providerAnnotation = "gcp.auth.fluxcd.io/workload-identity-provider";
const emailPattern = /^[a-zA-Z0-9-]{1,100}@[a-zA-Z0-9-]{1,100}\.iam\.gserviceaccount\.com$/;
const providerPattern =
  /^projects\/\d{1,30}\/locations\/global\/workloadIdentityPools\/[^/]{1,100}\/providers\/[^/]{1,100}$/;
const scopes = ["https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/userinfo.email"];

/** What a service account says that it is at Google. @throws CloudError naming the annotation */
export async function gcpAccountOf(identity: ServiceAccountIdentity, signal: AbortSignal): Promise<GcpAccount> {
  const annotations = await identity.annotations(signal);
  const value = (key: string, pattern: RegExp) => {
    const text = annotations[key] ?? "";
    if (text === "" || pattern.test(text)) return text || null;
    const problem = `${JSON.stringify(text.slice(0, 300))} cannot be its annotation ${key}`;
    throw new CloudError(`Cannot use ${callerName(identity)} for Google Cloud: ${problem}`);
  };
  return { email: value(emailAnnotation, emailPattern), provider: value(providerAnnotation, providerPattern) };
}

/** Asks for a token: with that of a service account, or as the environment says. @throws SourceError */
export async function askGcp(
  { identity, proxy }: CloudCaller,
  of: { readonly account: GcpAccount | null; readonly readGke: ReadGke },
  signal: AbortSignal,
): Promise<ExpiringToken> {
  const action = `get a Google Cloud token for ${callerName(identity)}`;
  const shown: string[] = [];
  const agent = httpsAgent(proxy);
  try {
    const transporterOptions = { agent: through(agent), signal };
    const client =
      identity === null || of.account === null
        ? await ownClient(transporterOptions)
        : await exchangingClient(identity, { ...of, account: of.account, transporterOptions, shown }, signal);
    const { token } = await client.getAccessToken();
    const { expiry_date: expiresAt } = client.credentials;
    if (!token || !expiresAt) throw new CloudError(`Cannot ${action}: the answer holds no token that ends`);
    return { token, expiresAt };
  } catch (error) {
    signal.throwIfAborted();
    if (identity !== null) throw cloudError(error, action, shown);
    throw ownIdentityError(error, action, "give the controller an identity (workload identity, or that of its node)");
  } finally {
    agent.destroy();
  }
}

type TransporterOptions = NonNullable<
  NonNullable<ConstructorParameters<typeof IdentityPoolClient>[0]>["transporterOptions"]
>;

async function ownClient(transporterOptions: TransporterOptions): Promise<AuthClient> {
  const { GoogleAuth } = await import("google-auth-library");
  return await new GoogleAuth({ scopes, clientOptions: { transporterOptions } }).getClient();
}

async function exchangingClient(
  identity: ServiceAccountIdentity,
  of: {
    readonly account: GcpAccount;
    readonly readGke: ReadGke;
    readonly transporterOptions: TransporterOptions;
    readonly shown: string[];
  },
  signal: AbortSignal,
): Promise<AuthClient> {
  const { account, transporterOptions } = of;
  const audiences = await audiencesOf(account, of.readGke, signal);
  const { token } = await identity.token([audiences.token], signal);
  of.shown.push(token);
  const google = await import("google-auth-library");
  const impersonation = `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${account.email}:generateAccessToken`;
  const client = new google.IdentityPoolClient({
    audience: audiences.exchange,
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    subject_token_supplier: { getSubjectToken: async () => token },
    token_url: "https://sts.googleapis.com/v1/token",
    ...(account.email !== null && { service_account_impersonation_url: impersonation }),
    scopes,
    transporterOptions,
  });
  // The library exchanges tokens over connections of its own, which know neither this proxy nor this signal.
  Object.assign(Reflect.get(client, "stsCredential") as object, { transporter: client.transporter });
  return client;
}

/** For whom the account's token is, and for whom it is exchanged. */
async function audiencesOf(
  { provider }: GcpAccount,
  readGke: ReadGke,
  signal: AbortSignal,
): Promise<{ token: string; exchange: string }> {
  if (provider !== null) {
    const audience = `//iam.googleapis.com/${provider}`;
    return { token: audience, exchange: audience };
  }
  const { project, location, name } = await readGke(signal);
  const pool = `${project}.svc.id.goog`;
  const cluster = `https://container.googleapis.com/v1/projects/${project}/locations/${location}/clusters/${name}`;
  return { token: pool, exchange: `identitynamespace:${pool}:${cluster}` };
}

/** Metadata servers speak plain http, and no proxy leads to them. */
function through(agent: Agent): (url: URL) => HttpAgent {
  return (url) => (url.protocol === "https:" ? agent : globalAgent);
}
