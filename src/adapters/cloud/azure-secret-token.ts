import type { TokenCredential } from "@azure/identity";
import type { ExpiringToken } from "#engine/cloud-identity.ts";
import { azureConnections } from "./azure-token.ts";
import { CloudError, cloudError } from "./cloud-error.ts";
import { httpsAgent } from "./https-agent.ts";

/** What a Secret says of who asks Azure; empty for what it does not hold. */
export interface AzureSecret {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Certificate and private key in PEM form. */
  readonly clientCertificate: string;
  readonly clientCertificatePassword: string;
  readonly clientCertificateSendChain: boolean;
  readonly authorityHost: string;
}

/** Which of its entries prove who asks; null when there are too few. */
export function azureSecretKind(secret: AzureSecret): "secret" | "certificate" | "managed" | null {
  const { tenantId, clientId, clientSecret, clientCertificate } = secret;
  if (clientId === "") return null;
  if (tenantId !== "" && clientSecret !== "") return "secret";
  return tenantId !== "" && clientCertificate !== "" ? "certificate" : "managed";
}

/** Asks Azure for a token by what a Secret holds. @throws CloudError */
export async function askAzureBySecret(
  secret: AzureSecret,
  { scope, proxy }: { readonly scope: string; readonly proxy: string | undefined },
  signal: AbortSignal,
): Promise<ExpiringToken> {
  const { clientId, clientSecret, clientCertificate, clientCertificatePassword } = secret;
  const action = `get an Azure token for the client ${clientId}`;
  const agent = httpsAgent(proxy);
  try {
    const credential = await credentialOf(secret, azureConnections(agent));
    const given = await credential.getToken(scope, { abortSignal: signal });
    if (given === null) throw new CloudError(`Cannot ${action}: the answer holds no token`);
    return { token: given.token, expiresAt: given.expiresOnTimestamp };
  } catch (error) {
    signal.throwIfAborted();
    const shown = [clientSecret, clientCertificate, clientCertificatePassword].filter((text) => text !== "");
    throw cloudError(error, action, shown);
  } finally {
    agent.destroy();
  }
}

async function credentialOf(
  secret: AzureSecret,
  connections: ReturnType<typeof azureConnections>,
): Promise<TokenCredential> {
  const { tenantId, clientId, clientSecret, clientCertificate: certificate, authorityHost } = secret;
  const azure = await import("@azure/identity");
  const options = { ...connections, ...(authorityHost !== "" && { authorityHost }) };
  switch (azureSecretKind(secret)) {
    case "secret":
      return new azure.ClientSecretCredential(tenantId, clientId, clientSecret, options);
    case "certificate": {
      const { clientCertificatePassword: certificatePassword, clientCertificateSendChain } = secret;
      const pair = { certificate, ...(certificatePassword !== "" && { certificatePassword }) };
      return new azure.ClientCertificateCredential(tenantId, clientId, pair, {
        ...options,
        sendCertificateChain: clientCertificateSendChain,
      });
    }
    default:
      return new azure.ManagedIdentityCredential({ ...connections, clientId });
  }
}
