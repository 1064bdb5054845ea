import { type AccessKeys, signedHeaders } from "../http/aws-signature.ts";
import { askKeyService } from "./ask-key-service.ts";
import { askAwsRole } from "./aws-role.ts";
import { CloudError } from "./cloud-error.ts";
import type { AwsDataKey, KeyCaller, KeyMeans } from "./data-key.ts";
import { secretDigest } from "./secret-digest.ts";
import { yamlEntry } from "./yaml-entry.ts";

/** The entry of a Secret with keys of AWS. */
const entry = "sops.aws-kms";
const arnPattern = /^arn:aws(?<partition>[\w-]*):kms:(?<region>[a-z0-9-]{1,40}):\d+:(?:key|alias)\/.+$/;

/** Unwraps a data key by AWS KMS. @throws SourceError */
export async function openByAws(
  means: KeyMeans,
  { key, caller }: { readonly key: AwsDataKey; readonly caller: KeyCaller },
  signal: AbortSignal,
): Promise<Buffer> {
  const { partition = "", region } = arnPattern.exec(key.arn)?.groups ?? {};
  // It becomes a part of the host's name.
  if (region === undefined) throw new CloudError("Cannot open the data key: its ARN is none of a key of KMS");
  const own = await ownKeys(means, { caller, region }, signal);
  const keys = key.role === "" ? own : await roleKeys(means, { own, region, role: key.role }, signal);
  const url = endpointOf(region, partition);
  const context = key.context ?? {};
  const body = JSON.stringify({
    KeyId: key.arn,
    CiphertextBlob: key.ciphertext,
    ...(Object.keys(context).length > 0 && { EncryptionContext: context }),
  });
  const asked = { "content-type": "application/x-amz-json-1.1", "x-amz-target": "TrentService.Decrypt" };
  const request = { method: "POST", host: url.host, path: url.pathname, query: {}, headers: asked, body } as const;
  const headers = () => signedHeaders(request, keys, { service: "kms", region, at: new Date() });
  return await askKeyService(means, { url, headers, body, field: "Plaintext" }, signal);
}

async function ownKeys(
  { cloud }: KeyMeans,
  { caller, region }: { readonly caller: KeyCaller; readonly region: string },
  signal: AbortSignal,
): Promise<AccessKeys> {
  const content = caller.entry(entry);
  if (content !== undefined) return keysIn(content);
  const { identity } = caller;
  const {
    accessKeyId: id,
    secretAccessKey: key,
    sessionToken,
  } = await cloud.awsCredentials({ identity, region }, signal);
  return { id, key, session: sessionToken };
}

async function roleKeys(
  { kept }: KeyMeans,
  asked: { readonly own: AccessKeys; readonly region: string; readonly role: string },
  signal: AbortSignal,
): Promise<AccessKeys> {
  const lent = await kept.get(secretDigest(asked), (scope) => askAwsRole(asked, scope), signal);
  return { id: lent.accessKeyId, key: lent.secretAccessKey, session: lent.sessionToken };
}

function keysIn(content: Buffer): AccessKeys {
  const { aws_access_key_id: id = "", aws_secret_access_key: key = "", aws_session_token } = yamlEntry(entry, content);
  // They stand in headers.
  const areKeys = /^[A-Za-z0-9]{1,256}$/.test(id) && key !== "" && /^[\x21-\x7e]*$/.test(aws_session_token ?? "");
  if (areKeys) return { id, key, session: aws_session_token || undefined };
  const problem = "it needs aws_access_key_id and aws_secret_access_key";
  throw new CloudError(`Cannot use ${entry} of the decryption Secret: ${problem}`);
}

function endpointOf(region: string, partition: string): URL {
  const { AWS_ENDPOINT_URL_KMS: own = "", AWS_ENDPOINT_URL: ofAll = "" } = process.env;
  const given = own || ofAll;
  if (given === "") return new URL(`https://kms.${region}.amazonaws.com${partition === "-cn" ? ".cn" : ""}/`);
  if (URL.canParse(given)) return new URL(given);
  throw new CloudError("Cannot open the data key: AWS_ENDPOINT_URL_KMS or AWS_ENDPOINT_URL is no URL");
}
