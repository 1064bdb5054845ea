import { isIP } from "node:net";
import type { Resource } from "#core/resource/resource.ts";
import { askAzureBySecret, type AzureSecret, azureSecretKind } from "../cloud/azure-secret-token.ts";
import { secretEntry } from "../http/secret-entry.ts";
import { type BucketAddress, isOwnHost } from "./bucket-address.ts";
import { type BucketCaller, keptFor } from "./bucket-caller.ts";
import { BucketError } from "./bucket-error.ts";
import { refusedSecret } from "./bucket-secrets.ts";
import { nobodysProof, type Proof } from "./proof.ts";
import { sasProof } from "./sas-proof.ts";
import { sharedKeyProof } from "./shared-key-proof.ts";
import { orNobody, tokenProof } from "./token-proof.ts";

const onlyAzure = "tokens are shown only to hosts of Azure's, such as ACCOUNT.blob.core.windows.net, over https";
const scope = "https://storage.azure.com/.default";

/** What a Secret holds, a token of whom Azure knows, or nobody's. @throws BucketError on an unusable Secret */
export function azureProof(caller: BucketCaller): Proof {
  const { address, secrets, proxy, cloud } = caller;
  const { credential, identity = null } = secrets;
  if (credential) return secretProof(caller, credential);
  // A signature in the endpoint says all.
  if ("sig" in address.query) return sasProof(address.query);
  const isOwn = isOwnHost(address, "azure");
  if (!isOwn && identity === null) return nobodysProof(`without a Secret ${onlyAzure}`);
  if (!isOwn) throw new BucketError("refused-address", `Cannot use the address of the bucket: ${onlyAzure}`);
  const asked = { identity, scope, ...(proxy !== undefined && { proxy }) };
  const token = tokenProof((signal) => cloud.azureToken(asked, signal));
  return identity === null ? orNobody(token) : token;
}

function secretProof(caller: BucketCaller, credential: Resource): Proof {
  const entry = (name: string) => secretEntry(credential, name)?.trim() ?? "";
  const secret = azureSecretOf(entry);
  const kind = azureSecretKind(secret);
  // A managed identity is the controller's, whoever names it.
  if (kind === "managed" && !isOwnHost(caller.address, "azure")) {
    throw refusedSecret(credential, `\`clientId\` alone is a managed identity, and ${onlyAzure}`);
  }
  if (kind !== null) {
    const asked = { scope, proxy: caller.proxy };
    return tokenProof(keptFor(caller, secret, (signal) => askAzureBySecret(secret, asked, signal)));
  }
  if (entry("accountKey") !== "") {
    const key = Buffer.from(entry("accountKey"), "base64");
    if (key.length === 0) throw refusedSecret(credential, "`accountKey` is not base64");
    return sharedKeyProof({ account: accountAt(caller.address, credential), key });
  }
  const signature = Object.fromEntries(new URLSearchParams(entry("sasKey")));
  if ("sig" in signature) return sasProof(signature);
  const ways = "`clientId`, or `tenantId` and `clientId` with `clientSecret` or `clientCertificate`";
  throw refusedSecret(credential, `it needs \`accountKey\`, \`sasKey\` with a signature, ${ways}`);
}

function azureSecretOf(entry: (name: string) => string): AzureSecret {
  return {
    tenantId: entry("tenantId"),
    clientId: entry("clientId"),
    clientSecret: entry("clientSecret"),
    clientCertificate: entry("clientCertificate"),
    clientCertificatePassword: entry("clientCertificatePassword"),
    clientCertificateSendChain: ["1", "true"].includes(entry("clientCertificateSendChain").toLowerCase()),
    authorityHost: entry("authorityHost"),
  };
}

/** The first part of the host's name; where that is a number, as emulators have it, of the path. */
function accountAt({ origin, base }: BucketAddress, credential: Resource): string {
  const { hostname } = new URL(origin);
  const labels = hostname.split(".");
  const account = isIP(hostname) === 0 ? labels.length > 2 && labels[0] : /^\/([^/]+)\//.exec(base)?.[1];
  if (account) return account;
  throw refusedSecret(credential, "`accountKey` needs an endpoint that begins with the name of the account");
}
