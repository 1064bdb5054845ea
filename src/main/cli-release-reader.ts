import { idOf, splitApiVersion } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { LookupCluster } from "#adapters/upstream/release-lookup.ts";
import { CliError } from "#cli/cli-error.ts";
import type { ClusterClient } from "#engine/ports.ts";

/** What a release is rendered with: objects that it and its sources refer to, and what templates ask of a cluster. */
export type ReleaseReader = LookupCluster & Pick<ClusterClient, "accountToken">;

/** Reads objects from files before those of the cluster; without a cluster there are no others. */
export function releaseReader(objects: readonly Resource[], cluster: ClusterClient | null): ReleaseReader {
  return {
    get: async (ref, options) => {
      const wanted = { ...ref, namespace: ref.namespace ?? "", group: splitApiVersion(ref.apiVersion).group };
      const found = objects.find((object) => {
        const { group, kind, namespace, name } = idOf(object);
        const isNamed = group === wanted.group && kind === wanted.kind && name === wanted.name;
        // Files for a kustomization often leave the namespace to it.
        return isNamed && (namespace === "" || namespace === wanted.namespace);
      });
      return found ? withData(found) : cluster && cluster.get(ref, options);
    },
    list: async (info, selection, options) => (cluster ? cluster.list(info, selection, options) : []),
    kind: async (kind, options) => {
      if (cluster) return cluster.kind(kind, options);
      // There is nothing to look up, which is what a template then finds.
      const info = { version: "v1", ...kind, plural: "", namespaced: true, verbs: [] };
      return { known: "yes", info };
    },
    capabilities: async (options) => (cluster ? cluster.capabilities(options) : {}),
    accountToken: async (account, audiences, options) => {
      if (cluster) return await cluster.accountToken(account, audiences, options);
      const { namespace, name } = account;
      throw new CliError(`Cannot get a token of the service account ${namespace}/${name}: there is no cluster`);
    },
  };
}

/** A Secret as a server would have it. */
function withData(object: Resource): Resource {
  const { stringData, ...rest } = object as Resource & { readonly stringData?: Readonly<Record<string, string>> };
  if (object.kind !== "Secret" || !stringData) return object;
  const encoded = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text).toString("base64")]);
  return { ...rest, data: { ...(object["data"] as object | undefined), ...Object.fromEntries(encoded) } };
}
