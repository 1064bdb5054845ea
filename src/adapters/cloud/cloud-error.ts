import { DeadlineError } from "#async/with-deadline.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { ServiceAccountIdentity } from "#engine/cloud-identity.ts";

/** A cloud that gave nothing to prove who asks; the message never holds what was shown to it. */
export class CloudError extends SourceError {
  override readonly name = "CloudError";

  constructor(message: string) {
    super("auth", message);
  }
}

/** What messages call whoever asks. */
export function callerName(identity: ServiceAccountIdentity | null): string {
  return identity === null ? "the controller" : `the service account ${identity.namespace}/${identity.name}`;
}

/**
 * The failure of a library as an error of ours. The failure itself is not kept: it may hold the request.
 * @throws SourceError as it is
 */
export function cloudError(failure: unknown, action: string, shown: readonly string[]): SourceError {
  if (failure instanceof SourceError) return failure;
  if (failure instanceof DeadlineError)
    return new CloudError(`Cannot ${action}: no answer in ${failure.limitMs / 1000} s`);
  const { message, code } =
    failure instanceof Error ? (failure as NodeJS.ErrnoException) : { message: String(failure) };
  const text = scrubbed(message || code || "it failed", shown);
  return new CloudError(`Cannot ${action}: ${text.length > maxLength ? `${text.slice(0, maxLength)}…` : text}`);
}

/** The same where the controller has no identity that works, with the way out. */
export function ownIdentityError(failure: unknown, action: string, way: string): SourceError {
  return new CloudError(`${cloudError(failure, action, []).message}; ${way}, or name a serviceAccountName`);
}

const maxLength = 400;

/** What somebody else said, in one line and without what they were shown. */
export function scrubbed(words: string, shown: readonly string[]): string {
  let text = words;
  for (const secret of shown) text = text.replaceAll(secret, "…");
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\x00-\x20\x7f]+/g, " ").trim();
}
