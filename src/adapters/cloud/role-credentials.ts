import type { AwsCredentials, CloudIdentity } from "#engine/cloud-identity.ts";
import { askAwsRole } from "./aws-role.ts";
import type { KeptTokens } from "./kept-tokens.ts";

/** As whom AWS is asked, and where. */
export interface RoleCaller {
  readonly region: string;
  /** ARN of a role that the controller may take; "": as the controller itself. */
  readonly role: string;
}

/** What getting them takes. */
export interface RoleParts {
  readonly tokens: Pick<CloudIdentity, "awsCredentials">;
  readonly kept: KeptTokens;
}

/** The controller's own keys, or those of a role that they may take. @throws SourceError */
export async function roleCredentials(
  { tokens, kept }: RoleParts,
  { region, role }: RoleCaller,
  signal: AbortSignal,
): Promise<AwsCredentials> {
  const own = async (scope: AbortSignal) => await tokens.awsCredentials({ identity: null, region }, scope);
  if (role === "") return await own(signal);
  const take = async (scope: AbortSignal) => {
    const { accessKeyId: id, secretAccessKey: key, sessionToken: session } = await own(scope);
    const keys = { id, key, ...(session !== undefined && { session }) };
    return await askAwsRole({ own: keys, region, role, session: "holdfast" }, scope);
  };
  return await kept.get(`aws role ${role} in ${region}`, take, signal);
}
