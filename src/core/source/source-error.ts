/**
 * Why a source could not be read: `auth`, `provider` (a Secret that is not of the kind which was asked for) and `config`
 * need a person, `fetch` may pass, `ref` is an answer of the remote,
 * `missing-path` is about what the commit holds, the includes are about other sources, a
 * dependency is what a chart needs besides, an origin the source that another is made from, storage is where files for
 * others are kept, `input`, `build` and `publish` are about generators (a source that is missing, what cannot be made of
 * those that are there, an object that cannot be written), and the rest is about signatures.
 */
export type SourceFailure =
  | "auth"
  | "provider"
  | "fetch"
  | "ref"
  | "config"
  | "missing-path"
  | "absent-include"
  | "empty-include"
  | "misplaced-include"
  | "dependency"
  | "empty-origin"
  | "storage"
  | "input"
  | "build"
  | "publish"
  | "no-keys"
  | "no-tag"
  | "unsigned-tag"
  | "unverified-tag"
  | "unverified-commit"
  | "unverified-artifact";

/** A source that could not be read; the message names action and state and never a credential. */
export class SourceError extends Error {
  override readonly name: string = "SourceError";
  readonly failure: SourceFailure;

  constructor(failure: SourceFailure, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.failure = failure;
  }
}

/** Any failure as one of a source; what is none of its kinds may pass. */
export function asSourceError(error: unknown): SourceError {
  if (error instanceof SourceError) return error;
  return new SourceError("fetch", error instanceof Error ? error.message : String(error), { cause: error });
}
