/** Why a service that keeps code did not answer; the message never holds a credential. */
export class ProviderError extends Error {
  override readonly name = "ProviderError";
  /** How long it wants to be left alone; null: it did not say. */
  readonly retryAfterMs: number | null;

  constructor(message: string, options: ErrorOptions & { readonly retryAfterMs?: number | null } = {}) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}
