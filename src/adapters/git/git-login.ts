import type { GitCredential } from "./git-credential.ts";

/** A credential that has to be got first, and again when it has expired. */
export interface GitLogin {
  /** Names who logs in, secrets included: it is only ever hashed. */
  readonly identity: string;
  /** The very same object as long as it lasts. @throws GitError */
  credential(signal: AbortSignal): Promise<GitCredential>;
  /** Gives up a credential that a server did not accept. */
  forget(): void;
  /** The login for another repository of the same server. */
  of(url: string): GitLogin;
}
