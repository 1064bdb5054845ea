import { DeadlineError } from "#async/with-deadline.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { SourceFailure } from "#core/source/source-error.ts";

/** What went wrong with a repository, for code to branch on. */
export type GitErrorCode =
  | "authentication"
  | "certificate"
  | "commit-not-found"
  | "commit-withheld"
  | "corrupt"
  | "failed"
  | "host-key"
  | "invalid-ref"
  | "redirect"
  | "ref-not-found"
  | "refused-content"
  | "refused-url"
  | "rejected"
  | "repository-not-found"
  | "timeout"
  | "too-large"
  | "unreachable"
  | "unsupported";

/** A failure of a Git operation; the message never holds a credential. */
export class GitError extends SourceError {
  override readonly name = "GitError";
  readonly code: GitErrorCode;

  constructor(code: GitErrorCode, message: string, options?: ErrorOptions) {
    super(failures[code], message, options);
    this.code = code;
  }
}

const failures: Readonly<Record<GitErrorCode, SourceFailure>> = {
  authentication: "auth",
  certificate: "fetch",
  "commit-not-found": "ref",
  "commit-withheld": "ref",
  corrupt: "fetch",
  failed: "fetch",
  "host-key": "auth",
  "invalid-ref": "config",
  redirect: "fetch",
  "ref-not-found": "ref",
  "refused-content": "fetch",
  "refused-url": "config",
  rejected: "fetch",
  "repository-not-found": "fetch",
  timeout: "fetch",
  "too-large": "fetch",
  unreachable: "fetch",
  unsupported: "config",
};

/** A file of a tree cannot be read; `path` says which. */
export class TreeReadError extends Error {
  override readonly name = "TreeReadError";
  readonly path: string;
  readonly code: "absent" | "not-a-file" | "too-large" | "unavailable";

  constructor(path: string, code: TreeReadError["code"], reason: string) {
    super(`Cannot read ${JSON.stringify(path)}: ${reason}`);
    this.path = path;
    this.code = code;
  }
}

// First match wins: the specific causes come before the general phrases that git adds to all of them.
const signs: readonly (readonly [RegExp, GitErrorCode, string])[] = [
  [
    /Host key verification failed|host key is known|REMOTE HOST IDENTIFICATION/i,
    "host-key",
    "the host key is not the pinned one",
  ],
  [/code 407|error: 407|response 407/i, "authentication", "the proxy does not accept the credentials"],
  [
    // A server that ends the handshake may be gone before anybody has read why.
    /fatal alert has been received|alert (certificate required|bad certificate|handshake failure|unknown ca)|Certificate is required|'https:.*getpeername\(\) failed/i,
    "certificate",
    "the server refused the TLS connection",
  ],
  [
    /SSL certificate|certificate (verify|has expired|problem)|SSL peer|server certificate/i,
    "certificate",
    "the server's certificate is not trusted",
  ],
  [
    /Permission denied \(|Authentication failed|could not read (Username|Password)|returned error: 40[13]|invalid credentials|terminal prompts disabled|HTTP Basic: Access denied|incorrect passphrase|error in libcrypto|Permissions .* too open/i,
    "authentication",
    "authentication failed",
  ],
  [/returned error: 30\d|unable to update url base from redirection/i, "redirect", "the server redirects elsewhere"],
  [
    /exceeded file size limit|File size limit exceeded|File too large|died of signal 25|exceeds maximum allowed size/i,
    "too-large",
    "it is larger than the limit",
  ],
  [
    /dumb http transport does not support|Server does not support (shallow|--)/i,
    "unsupported",
    "the server does not know shallow fetches",
  ],
  [/unadvertised object/i, "commit-withheld", "the server gives out only what branches and tags point at"],
  [
    /not our ref|no such remote ref|couldn't find remote ref/i,
    "commit-not-found",
    "the server does not give out that commit",
  ],
  [
    /repository .* not found|Repository not found|does not appear to be a git repository|returned error: 404|project .* could not be found/i,
    "repository-not-found",
    "there is no such repository, or these credentials do not show it",
  ],
  [
    /fsck error|fsckObjects|hasDotgit|hasDotdot|hasDot:|fullPathname|nullSha1|contains '\.(git|\.)/i,
    "refused-content",
    "it contains objects that git refuses",
  ],
  [/timed? ?out|Operation too slow/i, "timeout", "the server did not answer in time"],
  [
    /Could not resolve host|Couldn't connect|Failed to connect|Connection (refused|reset|closed)|Network is unreachable|No route to host|unable to access|Could not read from remote|hung up unexpectedly|unexpected disconnect|early EOF|empty reply|returned error: 5\d\d|RPC failed/i,
    "unreachable",
    "the server cannot be reached",
  ],
  [
    /non-fast-forward|fetch first|\[(remote )?rejected\]|stale info/i,
    "rejected",
    "the branch has moved or the server refused the push",
  ],
  [
    /reference broken|far too short|object file .* is empty|is corrupt|bad object|loose object|inflate|invalid object|garbage at end|pack .* (mismatch|unavailable)|not a git repository|unable to read tree|bad tree|index file .* (too small|non-monotonic)/i,
    "corrupt",
    "the local store is damaged",
  ],
];

/** Turns what git printed into an error: `action` as in "fetch", then the state, then git's own last words, scrubbed. */
export function gitFailure(action: string, stderr: string, secrets: readonly string[] = []): GitError {
  const found = signs.find(([pattern]) => pattern.test(stderr));
  const detail = scrubbed(lastWords(stderr), secrets);
  const state = found?.[2] ?? "git failed";
  return new GitError(found?.[1] ?? "failed", `Cannot ${action}: ${state}${detail === "" ? "" : ` (${detail})`}`);
}

/** Gives an abort its place among the failures: a passed deadline is a timeout, everything else stays as it is. */
export function asTimeout(action: string, error: unknown): unknown {
  if (!(error instanceof DeadlineError)) return error;
  return new GitError("timeout", `Cannot ${action}: no answer within ${error.limitMs / 1000} s`, { cause: error });
}

/** Removes credentials from text: user information in addresses, and the given secrets themselves. */
export function scrubbed(text: string, secrets: readonly string[]): string {
  let clean = text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^/@\s]*@/gi, "$1");
  for (const secret of secrets) if (secret.length > 0) clean = clean.replaceAll(secret, "***");
  return clean;
}

function lastWords(stderr: string): string {
  const lines = stderr
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter(
      (line) =>
        line !== "" && !/^(warning: (filtering|redirect)|Please make sure|and the repository exists|hint:)/i.test(line),
    );
  // The first fatal line names the cause; those after it are its consequences.
  const telling = lines.find((line) => /^(remote: )?(fatal|error):|^ ! /.test(line)) ?? lines.at(-1) ?? "";
  // oxlint-disable-next-line no-control-regex
  return telling.replace(/[\x00-\x1f\x7f]/g, "").slice(0, 300);
}
