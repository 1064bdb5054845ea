import type { Resource } from "#core/resource/resource.ts";
import type { ProviderAddress, ProviderCall } from "#core/app/provider.ts";

/** Asks services that keep code. */
export interface ProviderReader {
  /** @throws ProviderError */
  read(
    asked: {
      readonly address: ProviderAddress;
      readonly call: ProviderCall;
      /** The token or password; "": none. */
      readonly secret: string;
      /** The Secret of the app that asks; null: none does. */
      readonly app: Resource | null;
      /** PEM of an authority that is trusted besides; "": none. */
      readonly ca: string;
    },
    signal: AbortSignal,
  ): Promise<unknown>;
  /** Sends JSON to an address, and reads what it answers. @throws ProviderError */
  post(
    asked: { readonly url: string; readonly token: string; readonly body: unknown; readonly timeoutMs: number },
    signal: AbortSignal,
  ): Promise<unknown>;
}
