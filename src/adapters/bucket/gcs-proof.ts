import { askGcpByKey, gcpKeyOf } from "../cloud/gcp-key-token.ts";
import { secretEntry } from "../http/secret-entry.ts";
import { isOwnHost } from "./bucket-address.ts";
import { type BucketCaller, keptFor } from "./bucket-caller.ts";
import { BucketError } from "./bucket-error.ts";
import { refusedSecret } from "./bucket-secrets.ts";
import type { Proof } from "./proof.ts";
import { tokenProof } from "./token-proof.ts";

const scopes = ["https://www.googleapis.com/auth/devstorage.read_only"];

/** A token for the account's key in a Secret, or of whom Google knows. @throws BucketError on an unusable Secret */
export function gcsProof(caller: BucketCaller): Proof {
  const { address, secrets, proxy, cloud } = caller;
  const { credential, identity = null } = secrets;
  if (!credential) {
    if (!isOwnHost(address, "gcp")) {
      const state = "without a Secret it must be a host of Google's, such as storage.googleapis.com, over https";
      throw new BucketError("refused-address", `Cannot use the address of the bucket: ${state}`);
    }
    const asked = { identity, ...(proxy !== undefined && { proxy }) };
    return tokenProof((signal) => cloud.gcpToken(asked, signal));
  }
  const text = secretEntry(credential, "serviceaccount");
  if (text === undefined) throw refusedSecret(credential, "it needs `serviceaccount`");
  const key = gcpKeyOf(text);
  if (typeof key === "string") throw refusedSecret(credential, `\`serviceaccount\` cannot be used: ${key}`);
  return tokenProof(keptFor(caller, key, (signal) => askGcpByKey(key, { scopes, proxy }, signal)));
}
