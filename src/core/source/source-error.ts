/**
 * Why a source could not be read: `auth` and `config` need a person, `fetch` may pass, `ref` is an answer of the remote,
 * `missing-path` is about what the commit holds, the includes are about other sources, and the rest is
 * about signatures.
 */
export type SourceFailure =
  | "auth"
  | "fetch"
  | "ref"
  | "config"
  | "missing-path"
  | "absent-include"
  | "empty-include"
  | "misplaced-include"
  | "no-keys"
  | "no-tag"
  | "unsigned-tag"
  | "unverified-tag"
  | "unverified-commit";

/** A source that could not be read; the message names action and state and never a credential. */
export class SourceError extends Error {
  override readonly name: string = "SourceError";
  readonly failure: SourceFailure;

  constructor(failure: SourceFailure, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.failure = failure;
  }
}
