import type { Refusal } from "./bucket-failure.ts";
import type { StorageRequest } from "./storage.ts";

/** A request with its whole path. */
export interface BareRequest extends StorageRequest {
  readonly host: string;
}

/** What a request is sent with. */
export type ProvenRequest = Pick<StorageRequest, "query" | "headers">;

/** Proves to a server who asks. */
export interface Proof {
  /** @throws SourceError when there is nothing to prove it with */
  prove(request: BareRequest, signal: AbortSignal): Promise<ProvenRequest>;
  /** Learns from a refusal; whether the same question may fare better at once. */
  learn?(refusal: Refusal): boolean;
  /** Texts that no message may repeat. */
  secrets(): readonly string[];
  /** What a person may be missing when it is refused; "" for nothing in particular. */
  hint(): string;
}

/** Asks as anybody may. */
export function nobodysProof(hint: string): Proof {
  return {
    prove: ({ query, headers }) => Promise.resolve({ query, headers }),
    secrets: () => [],
    hint: () => hint,
  };
}
