import { hostname } from "node:os";
import type { AwsCredentials } from "#engine/cloud-identity.ts";
import type { AccessKeys } from "../http/aws-signature.ts";
import { CloudError, cloudError } from "./cloud-error.ts";
import { httpsAgent } from "./https-agent.ts";

const rolePattern = /^arn:aws[\w-]*:iam::\d{1,30}:role\/[\w+=,.@/-]{1,200}$/;
const maxSessionName = 64;

/** Asks AWS for the keys of a role that others' keys may take. @throws CloudError */
export async function askAwsRole(
  asked: { readonly own: AccessKeys; readonly region: string; readonly role: string; readonly session?: string },
  signal: AbortSignal,
): Promise<AwsCredentials> {
  const { own, region, role, session: taken = sessionName() } = asked;
  const action = `take the role ${JSON.stringify(role.slice(0, 250))}`;
  if (!rolePattern.test(role)) throw new CloudError(`Cannot ${action}: it is no ARN of a role`);
  const agent = httpsAgent(undefined);
  try {
    const { fromTemporaryCredentials } = await import("@aws-sdk/credential-providers");
    const masterCredentials = {
      accessKeyId: own.id,
      secretAccessKey: own.key,
      ...(own.session !== undefined && { sessionToken: own.session }),
    };
    const requestHandler = { httpsAgent: agent, connectionTimeout: 5_000, requestTimeout: 10_000 };
    const given = await fromTemporaryCredentials({
      masterCredentials,
      params: { RoleArn: role, RoleSessionName: taken },
      clientConfig: { region, requestHandler },
    })();
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = given;
    const session = sessionToken === undefined ? {} : { sessionToken };
    return { accessKeyId, secretAccessKey, ...session, expiresAt: expiration?.getTime() ?? null };
  } catch (error) {
    signal.throwIfAborted();
    throw cloudError(error, action, [own.key, ...(own.session === undefined ? [] : [own.session])]);
  } finally {
    agent.destroy();
  }
}

/** As the library that encrypts names its sessions: policies may go by it. */
function sessionName(): string {
  return `sops@${hostname().replace(/[^\w=,.@-]/g, "")}`.slice(0, maxSessionName);
}
