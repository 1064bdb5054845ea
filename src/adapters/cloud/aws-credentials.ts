import type { AwsCredentials, CloudCaller, ServiceAccountIdentity } from "#engine/cloud-identity.ts";
import { CloudError, callerName, cloudError, ownIdentityError } from "./cloud-error.ts";
import { httpsAgent } from "./https-agent.ts";

/** For which region, and by which STS, credentials are asked. */
export type AwsCaller = CloudCaller & { readonly region: string; readonly stsEndpoint?: string };

const annotation = "eks.amazonaws.com/role-arn";
const audience = "sts.amazonaws.com";
const roleArn = /^arn:aws[\w-]*:iam::[0-9]{1,30}:role\/.{1,200}$/;
const stsEndpoint = /^https:\/\/(.+\.)?sts(-fips)?(\.[^.]+)?(\.vpce)?\.amazonaws\.com$/;
const maxSessionName = 64;

/** The role that a service account stands for. @throws CloudError naming the annotation */
export async function awsRoleOf(identity: ServiceAccountIdentity, signal: AbortSignal): Promise<string> {
  const arn = (await identity.annotations(signal))[annotation];
  if (arn !== undefined && roleArn.test(arn)) return arn;
  const state = arn === undefined ? "it has no annotation" : `${JSON.stringify(arn.slice(0, 300))} is no role ARN in`;
  throw new CloudError(`Cannot use ${callerName(identity)} for AWS: ${state} ${annotation}`);
}

/** Asks for credentials: with the token of a service account for its role, or as the environment says. @throws SourceError */
export async function askAws(caller: AwsCaller, role: string | null, signal: AbortSignal): Promise<AwsCredentials> {
  const { identity, proxy, stsEndpoint: endpoint } = caller;
  const action = `get AWS credentials for ${callerName(identity)}`;
  const region = regionOf(caller, action);
  if (endpoint !== undefined && !stsEndpoint.test(endpoint)) {
    throw new CloudError(`Cannot ${action}: ${JSON.stringify(endpoint)} is no address of STS`);
  }
  const agent = httpsAgent(proxy);
  const requestHandler = { httpsAgent: agent, connectionTimeout: 5_000, requestTimeout: 10_000 };
  const clientConfig = { region, requestHandler, ...(endpoint !== undefined && { endpoint }) };
  const token = identity === null ? "" : (await identity.token([audience], signal)).token;
  const { fromNodeProviderChain, fromWebToken } = await import("@aws-sdk/credential-providers");
  try {
    const given =
      identity === null || role === null
        ? await fromNodeProviderChain({ clientConfig })()
        : await fromWebToken({
            clientConfig,
            roleArn: role,
            roleSessionName: sessionName(identity, region),
            webIdentityToken: token,
          })();
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = given;
    const session = sessionToken === undefined ? {} : { sessionToken };
    return { accessKeyId, secretAccessKey, ...session, expiresAt: expiration?.getTime() ?? null };
  } catch (error) {
    if (identity !== null) throw cloudError(error, action, [token]);
    throw ownIdentityError(error, action, "give the controller a role (IRSA, EKS Pod Identity, or that of its node)");
  } finally {
    agent.destroy();
  }
}

function regionOf({ identity, region }: AwsCaller, action: string): string {
  if (region !== "") return region;
  if (identity !== null) throw new CloudError(`Cannot ${action}: no region is given, which a service account needs`);
  const { AWS_REGION: own = "" } = process.env;
  if (own !== "") return own;
  const way = "give the controller a role (IRSA or EKS Pod Identity) and start it anew, or set AWS_REGION";
  throw new CloudError(`Cannot ${action}: AWS_REGION is not set; ${way}`);
}

/** As upstream names sessions: policies and audit trails may go by it. */
function sessionName({ name, namespace }: ServiceAccountIdentity, region: string): string {
  return `${name}.${namespace}.${region}.fluxcd.io`.slice(0, maxSessionName);
}
