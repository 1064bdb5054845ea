import type { Resource } from "#core/resource/resource.ts";
import type { TokenService } from "#core/source/remote.ts";
import type { AccessKeys } from "../http/aws-signature.ts";
import { secretEntry } from "../http/secret-entry.ts";
import { type BucketCaller, keptFor } from "./bucket-caller.ts";
import { bucketTls, refusedSecret } from "./bucket-secrets.ts";
import { ldapKeys, ldapUserOf } from "./ldap-keys.ts";
import { nobodysProof, type Proof } from "./proof.ts";
import { signatureProof } from "./signature-proof.ts";

const defaultRegion = "us-east-1";

/** The keys of a Secret, those of whom Amazon knows, or nobody's. @throws BucketError on an unusable Secret */
export function s3Proof(caller: BucketCaller): Proof {
  const { remote, secrets } = caller;
  const region = remote.region || defaultRegion;
  if (secrets.credential) {
    const keys = accessKeysOf(secrets.credential);
    return signatureProof(() => Promise.resolve(keys), region);
  }
  if (remote.sts?.kind === "ldap") return signatureProof(keysOfUser(caller, remote.sts), region);
  if (remote.cloud === "aws") return signatureProof((signal) => lentKeys(caller, signal), region);
  return nobodysProof("no Secret with keys is named");
}

async function lentKeys({ remote, secrets, proxy, cloud }: BucketCaller, signal: AbortSignal): Promise<AccessKeys> {
  const { identity = null } = secrets;
  const { region, sts } = remote;
  const asked = { identity, region, ...(sts && { stsEndpoint: sts.endpoint }), ...(proxy !== undefined && { proxy }) };
  const { accessKeyId: id, secretAccessKey: key, sessionToken } = await cloud.awsCredentials(asked, signal);
  return { id, key, session: sessionToken };
}

function keysOfUser(caller: BucketCaller, { endpoint }: TokenService): (signal: AbortSignal) => Promise<AccessKeys> {
  const { stsCredential, stsCertificate: certificate, proxy } = caller.secrets;
  const user = ldapUserOf(stsCredential);
  const wire = caller.wires.of(bucketTls({ ...(certificate && { certificate }), ...(proxy && { proxy }) }));
  return keptFor(caller, [endpoint, user], (signal) => ldapKeys({ endpoint, wire }, user, signal));
}

/** Reads `accesskey` and `secretkey`. @throws BucketError when one is missing or cannot be used */
export function accessKeysOf(secret: Resource): AccessKeys {
  const id = secretEntry(secret, "accesskey")?.trim() ?? "";
  const key = secretEntry(secret, "secretkey")?.trim() ?? "";
  if (id === "" || key === "") throw refusedSecret(secret, "it needs `accesskey` and `secretkey`");
  // It stands in a header.
  if (!/^[\x21-\x7e]{1,256}$/.test(id) || /[,/]/.test(id)) throw refusedSecret(secret, "`accesskey` is no access key");
  return { id, key };
}
