import type { AwsCredentials, ExpiringToken } from "#engine/cloud-identity.ts";
import { awsSignature, signedHeaders } from "../http/aws-signature.ts";
import { queryText } from "../http/query-text.ts";
import { askJson } from "./ask-json.ts";
import { CloudError } from "./cloud-error.ts";
import type { CloudCluster } from "./cloud-cluster.ts";

/** A cluster of AWS's. */
export interface EksArn {
  readonly region: string;
  readonly name: string;
  /** The domain of the services beside it. */
  readonly domain: string;
}

interface Signing {
  readonly credentials: AwsCredentials;
  readonly at: Date;
}

const arn = /^arn:(aws[\w-]*):eks:([a-z0-9-]{1,100}):[0-9]{1,30}:cluster\/([\w-]{1,200})$/;
// The API server takes a token for a quarter of an hour.
const tokenLifeMs = 15 * 60_000;
const emptyDigest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** Reads the name of a cluster. @throws CloudError */
export function eksArn(text: string): EksArn {
  const [matched, partition, region = "", name = ""] = arn.exec(text) ?? [];
  if (matched !== undefined)
    return { region, name, domain: partition === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com" };
  const wanted = "arn:aws:eks:<region>:<account>:cluster/<name>";
  throw new CloudError(
    `Cannot use ${JSON.stringify(text.slice(0, 300))} as a cluster of AWS: it is not like ${wanted}`,
  );
}

/** A token for a cluster: the address of a question to STS, signed by whoever asks; nobody is asked for it. */
export function eksToken({ region, name, domain }: EksArn, { credentials, at }: Signing): ExpiringToken {
  const host = `sts.${region}.${domain}`;
  const time = at.toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${time.slice(0, 8)}/${region}/sts/aws4_request`;
  const signed = "host;x-k8s-aws-id";
  const query = queryText({
    Action: "GetCallerIdentity",
    Version: "2011-06-15",
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": `${credentials.accessKeyId}/${scope}`,
    "X-Amz-Date": time,
    "X-Amz-Expires": "60",
    "X-Amz-SignedHeaders": signed,
    ...(credentials.sessionToken !== undefined && { "X-Amz-Security-Token": credentials.sessionToken }),
  });
  const canonical = ["GET", "/", query, `host:${host}`, `x-k8s-aws-id:${name}`, "", signed, emptyDigest].join("\n");
  const signature = awsSignature(canonical, credentials.secretAccessKey, { time, scope });
  const url = `https://${host}/?${query}&X-Amz-Signature=${signature}`;
  const ends = Math.min(at.getTime() + tokenLifeMs, credentials.expiresAt ?? Infinity);
  return { token: `k8s-aws-v1.${Buffer.from(url).toString("base64url")}`, expiresAt: ends };
}

/** What AWS says of a cluster. @throws SourceError */
export async function eksCluster(
  { region, name, domain }: EksArn,
  { credentials, at, proxy }: Signing & { readonly proxy: string | undefined },
  signal: AbortSignal,
): Promise<CloudCluster> {
  const host = `eks.${region}.${domain}`;
  const path = `/clusters/${name}`;
  const { accessKeyId: id, secretAccessKey: key, sessionToken: session } = credentials;
  const request = { method: "GET", host, path, query: {}, headers: {} } as const;
  const { host: _, ...headers } = signedHeaders(request, { id, key, session }, { service: "eks", region, at });
  const action = `look up the cluster ${name} of AWS`;
  const secrets = [key, ...(session === undefined ? [] : [session])];
  const url = new URL(`https://${host}${path}`);
  const call = { action, method: "GET", url, headers, proxy, secrets } as const;
  const { cluster } = (await askJson(call, signal)) as {
    readonly cluster?: { readonly endpoint?: string; readonly certificateAuthority?: { readonly data?: string } };
  };
  const { endpoint: address = "", certificateAuthority: authority } = cluster ?? {};
  return { address, ca: Buffer.from(authority?.data ?? "", "base64").toString("utf8") };
}
