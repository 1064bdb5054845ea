import type { ServiceAccountIdentity } from "#engine/cloud-identity.ts";
import { CloudError } from "./cloud-error.ts";

/** How a source says that a server of a cloud's is reached. */
interface Channel {
  readonly identity: ServiceAccountIdentity | null;
  readonly insecure?: boolean;
  readonly hasOwnAuthority?: boolean;
}

/**
 * Whoever names the authority and the proxy of a source can speak for every server and read what it is shown: nobody but
 * their own service account is shown there. @throws CloudError
 */
export function mustBePrivate({ identity, insecure = false, hasOwnAuthority = false }: Channel): void {
  if (insecure) throw new CloudError("Cannot use a cloud's credentials over plain http: leave `insecure` out");
  if (!hasOwnAuthority || identity !== null) return;
  const way = "name a serviceAccountName, or leave ca.crt out";
  throw new CloudError(`Cannot use the controller's own identity where the source says whom to trust: ${way}`);
}
