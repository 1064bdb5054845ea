/** One field-level cause of a refused request. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** What a failed request says: HTTP code (0: no answer at all), Kubernetes reason, message, causes. */
export interface ApiFailure {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly causes?: readonly StatusCause[];
  /** What the server asked us to wait, milliseconds. */
  readonly retryAfterMs?: number;
}

/** A request that the API server refused or did not answer; branch on `code` and `reason`, never on the message. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: number;
  readonly reason: string;
  readonly causes: readonly StatusCause[];
  readonly retryAfterMs: number | undefined;

  constructor(failure: ApiFailure, options?: { cause?: unknown }) {
    super(failure.message, options);
    this.code = failure.code;
    this.reason = failure.reason;
    this.causes = failure.causes ?? [];
    this.retryAfterMs = failure.retryAfterMs;
  }
}

/** The reason of a failure that lies with an admission webhook: it concerns the objects that the webhook guards. */
export const WEBHOOK_FAILED = "WebhookFailed";

/** Whether the failure is the server's verdict on this object (not a passing fault of the world). */
export function isVerdict(error: ApiError): boolean {
  return error.reason === WEBHOOK_FAILED || [400, 403, 404, 405, 409, 413, 415, 422].includes(error.code);
}
