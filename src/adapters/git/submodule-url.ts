import { GitError } from "./git-error.ts";
import type { GitUrl } from "./git-url.ts";

/**
 * The address of a submodule; a relative one goes on from that of the repository that names it, as Git has it.
 * @throws GitError `refused-content` for one that leads out of the server
 */
export function submoduleUrl(base: string, url: string): string {
  if (!/^\.\.?(\/|$)/.test(url)) return url;
  const server = /^([a-z][a-z0-9+.-]*:\/\/[^/]*\/|[^/:]+:\/?)/i.exec(base)?.[0];
  if (server === undefined) throw outside();
  const parts = partsOf(base.slice(server.length));
  for (const part of partsOf(url)) {
    if (part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) throw outside();
  }
  if (parts.length === 0) throw outside();
  return server + parts.join("/");
}

/** Whether two addresses are spoken to alike at one server, so that a credential for one is meant for the other too. */
export function isSameServer(a: GitUrl, b: GitUrl): boolean {
  return a.transport === b.transport && serverOf(a) === serverOf(b);
}

function serverOf({ address }: GitUrl): string {
  if (URL.canParse(address) && /^[a-z][a-z0-9+.-]*:\/\//i.test(address)) return new URL(address).host.toLowerCase();
  return (/^(?:[^@/:]+@)?(\[[^\]]*\]|[^:]*):/.exec(address)?.[1] ?? "").toLowerCase();
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

function outside(): GitError {
  return new GitError("refused-content", "its relative address leads out of the server");
}
