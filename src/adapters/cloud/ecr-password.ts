import type { AwsCredentials, CloudCaller, RegistryPassword } from "#engine/cloud-identity.ts";
import { signedHeaders } from "../http/aws-signature.ts";
import { askJson } from "./ask-json.ts";
import { CloudError } from "./cloud-error.ts";

/** A registry of AWS: where passwords for it come from. */
export interface EcrRegistry {
  readonly region: string;
  readonly host: string;
  /** The service as signatures and as requests name it. */
  readonly service: "ecr" | "ecr-public";
  readonly target: string;
}

const publicHost = "public.ecr.aws";
const privateHost =
  /^[0-9]+\.dkr\.ecr(-fips)?\.([^/.]+)\.(amazonaws\.com(?:\.cn)?|amazonaws\.eu|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$/;

/** The registry of a host's name; undefined: it is none of AWS's. */
export function ecrRegistry(host: string): EcrRegistry | undefined {
  if (host === publicHost) {
    // Passwords for the public registry are given in this region alone.
    const region = "us-east-1";
    const target = "SpencerFrontendService.GetAuthorizationToken";
    return { region, host: `api.ecr-public.${region}.amazonaws.com`, service: "ecr-public", target };
  }
  const [matched, fips, region = "", domain = ""] = privateHost.exec(host) ?? [];
  if (matched === undefined) return undefined;
  const name = fips === undefined ? "api.ecr" : "ecr-fips";
  const target = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken";
  return { region, host: `${name}.${region}.${domain}`, service: "ecr", target };
}

/** Asks AWS for a password of its registries. @throws SourceError */
export async function askEcr(
  { proxy }: CloudCaller,
  { registry, credentials, at }: { registry: EcrRegistry; credentials: AwsCredentials; at: Date },
  signal: AbortSignal,
): Promise<RegistryPassword> {
  const { host, service, region, target } = registry;
  const keys = { id: credentials.accessKeyId, key: credentials.secretAccessKey, session: credentials.sessionToken };
  const unsigned = { "content-type": "application/x-amz-json-1.1", "x-amz-target": target };
  const request = { method: "POST", host, path: "/", query: {}, headers: unsigned, body: "{}" } as const;
  const { host: _, ...headers } = signedHeaders(request, keys, { service, region, at });
  const action = `get a password for the registries of AWS in ${region}`;
  const url = new URL(`https://${host}/`);
  const secrets = [keys.key, ...(keys.session === undefined ? [] : [keys.session])];
  const call = { action, method: "POST", url, headers, body: "{}", proxy, secrets } as const;
  const { authorizationData: data } = await askJson(call, signal);
  const { authorizationToken: token, expiresAt } = ((Array.isArray(data) ? data[0] : data) ?? {}) as {
    readonly authorizationToken?: unknown;
    readonly expiresAt?: unknown;
  };
  const text = typeof token === "string" ? Buffer.from(token, "base64").toString("utf8") : "";
  const [username, password] = text.split(":");
  if (username && password && typeof expiresAt === "number") {
    return { username, password, expiresAt: expiresAt * 1_000 };
  }
  throw new CloudError(`Cannot ${action}: the answer holds none`);
}
