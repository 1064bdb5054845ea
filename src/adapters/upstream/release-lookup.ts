import { ApiError, isVerdict } from "#core/cluster/api-error.ts";
import { splitApiVersion } from "#core/resource/resource-id.ts";
import type { CallOptions, ClusterCapabilities, ClusterClient, Impersonation, KindInfo } from "#engine/ports.ts";
import type { HelmLookup, LookupAnswer } from "./helm-render.ts";

/** Whom templates ask; Helm's own knowledge stands in for capabilities that are not told. */
export interface LookupCluster extends Pick<ClusterClient, "kind" | "get" | "list"> {
  capabilities(options: CallOptions): Promise<Partial<ClusterCapabilities>>;
}

/** Answers the lookups of one render with a user's own rights. */
export class ReleaseLookup {
  readonly #cluster: LookupCluster;
  readonly #as: Impersonation | null;
  /** Why the cluster did not answer, which says nothing about the chart. */
  fault: unknown;

  constructor(cluster: LookupCluster, as: Impersonation | null) {
    this.#cluster = cluster;
    this.#as = as;
  }

  /** An object, a list, nothing, or why there is no answer. */
  async answer(wanted: HelmLookup, signal: AbortSignal): Promise<LookupAnswer> {
    try {
      return await this.#find(wanted, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ApiError) || !isVerdict(error)) this.fault ??= error;
      if (error instanceof ApiError && error.code === 404) return { found: undefined };
      const who = this.#as === null ? "" : ` as ${this.#as.user}`;
      const why = error instanceof Error ? error.message : String(error);
      return { error: `cannot look up ${wanted.kind} of ${wanted.apiVersion}${who}: ${why}` };
    }
  }

  async #find(wanted: HelmLookup, signal: AbortSignal): Promise<LookupAnswer> {
    const { apiVersion, kind, name } = wanted;
    const info = await this.#served(wanted, signal);
    // Like Helm: only a group version that is not there is an error.
    if (info === undefined) return { found: undefined };
    const scope = info.namespaced && wanted.namespace !== "" ? { namespace: wanted.namespace } : {};
    const options = { signal, ...(this.#as === null ? {} : { as: this.#as }) };
    if (name === "") {
      const items = await this.#cluster.list(info, scope, options);
      return { found: { apiVersion, kind: `${kind}List`, metadata: {}, items } };
    }
    if (info.namespaced && wanted.namespace === "") return { found: undefined };
    const found = await this.#cluster.get({ apiVersion, kind, name, ...scope }, options);
    return { found: found ?? undefined };
  }

  async #served({ apiVersion, kind }: HelmLookup, signal: AbortSignal): Promise<KindInfo | undefined> {
    const lookup = await this.#cluster.kind({ ...splitApiVersion(apiVersion), kind }, { signal });
    if (lookup.known === "yes") return lookup.info;
    if (lookup.known === "unknown") throw new Error(lookup.reason);
    const { apiVersions = [] } = await this.#cluster.capabilities({ signal });
    if (apiVersions.includes(apiVersion)) return undefined;
    throw new ApiError({ code: 422, reason: "NotServed", message: `the cluster serves no ${apiVersion}` });
  }
}
