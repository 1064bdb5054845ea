import { DataKeyOpener } from "#adapters/cloud/data-key-opener.ts";
import type { DataKeys } from "#adapters/upstream/sops-data-key.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { CloudIdentity } from "#engine/cloud-identity.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { identityOf } from "#engine/source-secrets.ts";

/** What opens data keys, as whom the clouds know; without a cluster nobody can be asked as a service account. */
export function dataKeysOf(
  cloud: CloudIdentity,
  client: Pick<ClusterClient, "get" | "accountToken"> | null,
): DataKeys & { close(): Promise<void> } {
  const services = new DataKeyOpener(cloud);
  return {
    services,
    identityOf(account) {
      if (client) return identityOf(client, account);
      const { namespace, name } = account;
      throw new SourceError("auth", `Cannot ask as ServiceAccount ${namespace}/${name}: no cluster is named`);
    },
    close: () => services.close(),
  };
}
