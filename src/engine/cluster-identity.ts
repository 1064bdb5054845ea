import { ApiError } from "#core/cluster/api-error.ts";
import type { ClusterClient } from "./ports.ts";

const FIRST_NAMESPACE = { apiVersion: "v1", kind: "Namespace", name: "kube-system" } as const;

/** Which cluster it is that stands at an address: the uid of its first namespace, which is asked for once. */
export class ClusterIdentity {
  /** What people call the cluster. */
  readonly name: string;
  readonly #client: Pick<ClusterClient, "get">;
  #uid: string | undefined;

  constructor(name: string, client: Pick<ClusterClient, "get">) {
    this.name = name;
    this.#client = client;
  }

  /** Empty where that may not be seen. @throws ApiError */
  async uid(signal: AbortSignal): Promise<string> {
    this.#uid ??= await this.#ask(signal);
    return this.#uid;
  }

  async #ask(signal: AbortSignal): Promise<string> {
    try {
      const namespace = await this.#client.get(FIRST_NAMESPACE, { signal });
      return namespace?.metadata.uid ?? "";
    } catch (error) {
      if (error instanceof ApiError && error.code === 403) return "";
      throw error;
    }
  }
}
