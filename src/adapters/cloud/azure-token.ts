import type { Agent } from "node:https";
import type { ClientAssertionCredentialOptions, TokenCredential } from "@azure/identity";
import type { CloudCaller, ExpiringToken, ServiceAccountIdentity } from "#engine/cloud-identity.ts";
import { CloudError, callerName, cloudError, ownIdentityError } from "./cloud-error.ts";
import { httpsAgent } from "./https-agent.ts";

/** For what a token of Azure is asked. */
export type AzureCaller = CloudCaller & { readonly scope: string };

/** The application in Azure that a service account stands for. */
export interface AzureApplication {
  readonly tenantId: string;
  readonly clientId: string;
}

const annotations = { tenantId: "azure.workload.identity/tenant-id", clientId: "azure.workload.identity/client-id" };
const audience = "api://AzureADTokenExchange";
const retryOptions = { maxRetries: 3, retryDelayInMs: 500 };

/** The application that a service account stands for. @throws CloudError naming the annotation */
export async function azureApplicationOf(
  identity: ServiceAccountIdentity,
  signal: AbortSignal,
): Promise<AzureApplication> {
  const told = await identity.annotations(signal);
  const value = (key: keyof AzureApplication) => {
    const text = told[annotations[key]];
    if (text) return text;
    throw new CloudError(`Cannot use ${callerName(identity)} for Azure: it has no annotation ${annotations[key]}`);
  };
  return { tenantId: value("tenantId"), clientId: value("clientId") };
}

/** Asks for a token: with that of a service account for its application, or as the environment says. @throws SourceError */
export async function askAzure(
  caller: AzureCaller,
  application: AzureApplication | null,
  signal: AbortSignal,
): Promise<ExpiringToken> {
  const { identity, scope, proxy } = caller;
  const action = `get an Azure token for ${callerName(identity)}`;
  const shown = identity === null ? "" : (await identity.token([audience], signal)).token;
  const agent = httpsAgent(proxy);
  const options = azureConnections(agent);
  try {
    const credential =
      application === null ? await ownCredential(options) : await assertedCredential(application, shown, options);
    const given = await credential.getToken(scope, { abortSignal: signal });
    if (given === null) throw new CloudError(`Cannot ${action}: the answer holds no token`);
    return { token: given.token, expiresAt: given.expiresOnTimestamp };
  } catch (error) {
    signal.throwIfAborted();
    if (identity !== null) throw cloudError(error, action, [shown]);
    throw ownIdentityError(error, action, "give the controller an identity (workload identity, or a managed one)");
  } finally {
    agent.destroy();
  }
}

/** How the library connects. */
export function azureConnections(
  agent: Agent,
): Pick<ClientAssertionCredentialOptions, "additionalPolicies" | "retryOptions"> {
  return { additionalPolicies: [{ policy: through(agent), position: "perCall" }], retryOptions };
}

type Policy = NonNullable<ClientAssertionCredentialOptions["additionalPolicies"]>[number]["policy"];

/** Metadata servers speak plain http, and no proxy leads to them. */
function through(agent: Agent): Policy {
  return {
    name: "holdfastConnections",
    sendRequest: async (request, next) => {
      if (request.url.startsWith("https:")) request.agent = agent;
      return await next(request);
    },
  };
}

async function assertedCredential(
  { tenantId, clientId }: AzureApplication,
  assertion: string,
  options: ClientAssertionCredentialOptions,
): Promise<TokenCredential> {
  const { ClientAssertionCredential } = await import("@azure/identity");
  return new ClientAssertionCredential(tenantId, clientId, async () => assertion, options);
}

/** A secret or certificate in the environment, then workload identity, then the identity of the machine. */
async function ownCredential(options: ClientAssertionCredentialOptions): Promise<TokenCredential> {
  const azure = await import("@azure/identity");
  const { AZURE_FEDERATED_TOKEN_FILE: tokenFile, AZURE_CLIENT_ID: clientId } = process.env;
  const machine = new azure.ManagedIdentityCredential({ ...options, ...(clientId && { clientId }) });
  const workload = tokenFile ? [new azure.WorkloadIdentityCredential(options)] : [];
  return new azure.ChainedTokenCredential(new azure.EnvironmentCredential(options), ...workload, machine);
}
