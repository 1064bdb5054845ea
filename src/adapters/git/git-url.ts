import { GitError } from "./git-error.ts";

/** A repository address that is allowed, taken apart. `address` holds no password and, over http, no user. */
export interface GitUrl {
  readonly transport: "http" | "https" | "ssh" | "file";
  readonly address: string;
  readonly userinfo?: { readonly username: string; readonly password: string };
}

/**
 * Accepts http, https and ssh addresses, `user@host:path`, and file addresses under the test flag.
 * @throws GitError `refused-url` for everything else, notably transports that run commands and addresses that read as options.
 */
export function parseGitUrl(url: string, allowFileUrls: boolean): GitUrl {
  // oxlint-disable-next-line no-control-regex
  if (url.length > 2_048 || /[\x00-\x20\x7f]/.test(url))
    throw refused("it holds a space or control character or is too long");
  if (url.startsWith("-")) throw refused("it begins with a dash");
  if (/^[a-z0-9+.-]*::/i.test(url)) throw refused("remote helpers are not allowed");
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) return scpLikeUrl(url);
  if (scheme === "file" && allowFileUrls) return { transport: "file", address: url };
  if (scheme !== "http" && scheme !== "https" && scheme !== "ssh") {
    throw refused(`the scheme ${JSON.stringify(scheme)} is not http, https or ssh`);
  }
  return parsedUrl(url, scheme);
}

function parsedUrl(url: string, transport: "http" | "https" | "ssh"): GitUrl {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || parsed.hostname === "") throw refused("it does not parse");
  if (parsed.hostname.startsWith("-") || decodeURIComponent(parsed.username).startsWith("-")) {
    throw refused("host or user begins with a dash");
  }
  if (transport === "ssh") {
    if (parsed.password !== "") throw refused("a password in an ssh address is not used");
    return { transport, address: url };
  }
  const userinfo = { username: decodeURIComponent(parsed.username), password: decodeURIComponent(parsed.password) };
  parsed.username = "";
  parsed.password = "";
  parsed.hash = "";
  const address = parsed.href;
  return userinfo.password === "" ? { transport, address } : { transport, address, userinfo };
}

function scpLikeUrl(url: string): GitUrl {
  const match = /^(?:([^@/:]+)@)?([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-fA-F:]+\]):([^-:].*)$/.exec(url);
  if (match === null || match[1]?.startsWith("-") === true) throw refused("it is neither a URL nor user@host:path");
  return { transport: "ssh", address: url };
}

function refused(why: string): GitError {
  return new GitError("refused-url", `Cannot use the repository address: ${why}`);
}
