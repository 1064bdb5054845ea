const LONGEST = 2_048;

/**
 * Where a repository is, however its address is written: `host/path`, without scheme, user, port and ending. Null: the text
 * is no address.
 */
export function repositoryPlace(address: string): string | null {
  const text = address.trim().toLowerCase();
  if (text.length > LONGEST) return null;
  const match =
    /^[a-z][a-z0-9+.-]*:\/\/(?:[^/@]*@)?([^/:@\s]+)(?::\d+)?\/(\S+)$/.exec(text) ??
    /^[^/@]*@([^/:\s]+):(\S+)$/.exec(text);
  if (!match) return null;
  const [, host = "", path = ""] = match;
  const place = path.replace(/^\/+|\/+$/g, "").replace(/\.git$/, "");
  return place === "" ? null : `${host.replace(/^(?:alt)?ssh\./, "")}/${withoutAzure(place)}`;
}

/** Azure DevOps writes `ORG/PROJECT/_git/REPOSITORY` for the web and `v3/ORG/PROJECT/REPOSITORY` for SSH. */
function withoutAzure(path: string): string {
  return path.replace(/\/_git\//, "/").replace(/^v3\//, "");
}
