/** How a registry wants to be told who asks. */
export type AuthChallenge =
  | { readonly scheme: "basic" }
  | { readonly scheme: "bearer"; readonly realm: string; readonly service: string; readonly scope: string };

/** Reads `WWW-Authenticate`; undefined when it names no way that we know. */
export function parseAuthChallenge(header: string | readonly string[] | undefined): AuthChallenge | undefined {
  const texts = (typeof header === "string" ? [header] : (header ?? [])).map((text) => text.slice(0, 8_192));
  const bearer = texts.map((text) => /(?:^|,\s*)bearer\s+(.*)$/is.exec(text)?.[1]).find((text) => text !== undefined);
  if (bearer !== undefined) {
    const parameters = parametersOf(bearer.split(/,\s*(?=(?:basic|digest|negotiate)\b)/i)[0]!);
    const realm = parameters.get("realm");
    if (realm !== undefined) {
      const service = parameters.get("service") ?? "";
      return { scheme: "bearer", realm, service, scope: parameters.get("scope") ?? "" };
    }
  }
  return texts.some((text) => /(^|,\s*)basic\b/i.test(text)) ? { scheme: "basic" } : undefined;
}

function parametersOf(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const match of text.matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g)) {
    const value = match[2]?.replace(/\\(.)/g, "$1") ?? match[3] ?? "";
    if (!found.has(match[1]!.toLowerCase())) found.set(match[1]!.toLowerCase(), value);
  }
  return found;
}
