/** Why an archive was not taken: it is broken, holds what is not allowed, or is larger than the limits. */
export type ArchiveErrorCode = "damaged" | "refused" | "too-large";

/** An archive that was not taken; the message names the entry where there is one. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
  readonly code: ArchiveErrorCode;

  constructor(code: ArchiveErrorCode, problem: string, options?: ErrorOptions) {
    super(`Cannot unpack the archive: ${problem}`, options);
    this.code = code;
  }
}
