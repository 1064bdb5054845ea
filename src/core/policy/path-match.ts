import { globMatches } from "./glob.ts";

/** Whether a path matches a pattern whose `*` and `?` stop at slashes; a malformed pattern matches nothing. */
export function pathMatches(pattern: string, path: string): boolean {
  return globMatches(plain(pattern), path, "/");
}

/** The same where `*` and `?` take slashes too, as patterns of Git's index do; a folder stands for all that is in it. */
export function indexPathMatches(pattern: string, path: string): boolean {
  const folder = pattern.endsWith("/") ? pattern : `${pattern}/`;
  return globMatches(plain(pattern), path) || path.startsWith(folder);
}

/** The same where two stars take any number of folders, none as well, and braces are alternatives. */
export function starPathMatches(pattern: string, path: string): boolean {
  return globMatches(pattern.replaceAll("**/", "{,**/}"), path, "/");
}

/** Two stars mean no more than one, and braces are themselves. */
function plain(pattern: string): string {
  return pattern.replace(/\*+/g, "*").replace(/[{}]/g, String.raw`\$&`);
}
