import { askGcpByKey, gcpKeyOf } from "../cloud/gcp-key-token.ts";
import { secretEntry } from "../http/secret-entry.ts";
import { type BucketCaller, keptFor } from "./bucket-caller.ts";
import { refusedSecret } from "./bucket-secrets.ts";
import type { Proof } from "./proof.ts";
import { tokenProof } from "./token-proof.ts";

const scopes = ["https://www.googleapis.com/auth/devstorage.read_only"];

/** A token for the account's key in a Secret, or of whom Google knows. @throws BucketError on an unusable Secret */
export function gcsProof(caller: BucketCaller): Proof {
  const { secrets, proxy, cloud } = caller;
  const { credential, identity = null } = secrets;
  if (!credential) {
    const asked = { identity, ...(proxy !== undefined && { proxy }) };
    return tokenProof((signal) => cloud.gcpToken(asked, signal));
  }
  const text = secretEntry(credential, "serviceaccount");
  if (text === undefined) throw refusedSecret(credential, "it needs `serviceaccount`");
  const key = gcpKeyOf(text);
  if (typeof key === "string") throw refusedSecret(credential, `\`serviceaccount\` cannot be used: ${key}`);
  return tokenProof(keptFor(caller, key, (signal) => askGcpByKey(key, { scopes, proxy }, signal)));
}
