import type { AwsCredentials, CloudIdentity, GitCaller, GitPassword } from "#engine/cloud-identity.ts";
import { awsSignature } from "../http/aws-signature.ts";
import { callerKey } from "./caller-key.ts";
import { CloudError } from "./cloud-error.ts";
import type { KeptTokens } from "./kept-tokens.ts";
import { mustBePrivate } from "./must-be-private.ts";

interface Parts {
  readonly tokens: Pick<CloudIdentity, "awsCredentials" | "azureToken">;
  readonly kept: KeptTokens;
  readonly now: () => number;
}

const codeCommitHost = /^git-codecommit(?:-fips)?\.([^.]+)\.amazonaws\.com(?:\.cn)?$/;
const devOpsHost = /^(?:dev\.azure\.com|[a-z0-9-]+\.visualstudio\.com)$/;
const devOpsScope = "499b84ac-1321-427f-aa17-267ca6975798/.default";
const signatureLifeMs = 15 * 60_000;

/** What a cloud's Git servers take of who asks. @throws SourceError, also for an address that is none of the cloud's */
export async function gitPassword(parts: Parts, asked: GitCaller, signal: AbortSignal): Promise<GitPassword> {
  const url = URL.canParse(asked.url) ? new URL(asked.url) : undefined;
  if (url?.protocol !== "https:") {
    throw new CloudError(`Cannot use a cloud's credentials for the repository: its address must begin with https://`);
  }
  mustBePrivate(asked);
  if (asked.cloud === "azure") {
    if (!devOpsHost.test(url.host)) {
      const hosts = "https://dev.azure.com and https://<organisation>.visualstudio.com";
      throw new CloudError(`Cannot use Azure's credentials for the repository: its address is none of ${hosts}`);
    }
    const { token, expiresAt } = await parts.tokens.azureToken({ ...asked, scope: devOpsScope }, signal);
    return { username: null, password: token, expiresAt };
  }
  return await codeCommitPassword(parts, { asked, url }, signal);
}

async function codeCommitPassword(
  { tokens, kept, now }: Parts,
  { asked, url }: { asked: GitCaller; url: URL },
  signal: AbortSignal,
): Promise<GitPassword> {
  const region = codeCommitHost.exec(url.host)?.[1];
  if (region === undefined || !/^\/v1\/repos\/[^/]+$/.test(url.pathname)) {
    const wanted = "https://git-codecommit.<region>.amazonaws.com/v1/repos/<name>";
    throw new CloudError(`Cannot use AWS credentials for the repository: its address is not like ${wanted}`);
  }
  const credentials = await tokens.awsCredentials({ ...asked, region }, signal);
  const key = callerKey("codecommit", asked, [url.href, credentials.accessKeyId]);
  const sign = async () => codeCommitSignature({ url, region, credentials, at: now() });
  return await kept.get(key, sign, signal);
}

/** A user and a password that CodeCommit takes for a while: keys, and a signature of the repository's address. */
function codeCommitSignature(of: { url: URL; region: string; credentials: AwsCredentials; at: number }): GitPassword {
  const { url, region, credentials, at } = of;
  const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = credentials;
  const time = new Date(at).toISOString().replace(/[-:]|\.\d+Z/g, "");
  const scope = `${time.slice(0, 8)}/${region}/codecommit/aws4_request`;
  const canonical = `GIT\n${url.pathname}\n\nhost:${url.host}\n\nhost\n`;
  const signature = awsSignature(canonical, secretAccessKey, { time, scope });
  return {
    username: sessionToken === undefined ? accessKeyId : `${accessKeyId}%${sessionToken}`,
    password: `${time}Z${signature}`,
    expiresAt: Math.min(at + signatureLifeMs, expiresAt ?? Infinity),
  };
}
