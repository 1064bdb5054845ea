/** One step of a pattern: how many characters it takes and which. */
type Token =
  | { readonly kind: "one"; readonly accepts: (character: string) => boolean }
  | { readonly kind: "many"; readonly accepts: (character: string) => boolean };

const MAX_ALTERNATIVES = 256;

/**
 * Whether the whole text matches a glob: `*` and `?` stop at the separator, `**` does not, `[a-z]` and `[!a-z]` are
 * classes, `{a,b}` alternatives, `\` quotes. A malformed pattern matches nothing. Linear in the text for each pattern.
 */
export function globMatches(pattern: string, text: string, separator = ""): boolean {
  const alternatives = globAlternatives(pattern);
  if (alternatives === null) return false;
  return alternatives.some((alternative) => {
    const tokens = tokensOf(alternative, separator);
    return tokens !== null && accepts(tokens, text);
  });
}

function accepts(tokens: readonly Token[], text: string): boolean {
  let places = closure(new Set([0]), tokens);
  for (const character of text) {
    const next = new Set<number>();
    for (const place of places) {
      const token = tokens[place];
      if (token?.accepts(character)) next.add(token.kind === "one" ? place + 1 : place);
    }
    if (next.size === 0) return false;
    places = closure(next, tokens);
  }
  return places.has(tokens.length);
}

/** Adds the places that are reached without a character: a run may be empty. */
function closure(places: Set<number>, tokens: readonly Token[]): Set<number> {
  for (const place of places) if (tokens[place]?.kind === "many") places.add(place + 1);
  return places;
}

function tokensOf(pattern: string, separator: string): Token[] | null {
  const tokens: Token[] = [];
  const inside = (character: string) => separator === "" || character !== separator;
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!;
    if (character === "*" && pattern[at + 1] === "*") {
      tokens.push({ kind: "many", accepts: () => true });
      while (pattern[at + 1] === "*") at++;
    } else if (character === "*") tokens.push({ kind: "many", accepts: inside });
    else if (character === "?") tokens.push({ kind: "one", accepts: inside });
    else if (character === "[") {
      const end = pattern.indexOf("]", at + 2);
      if (end < 0) return null;
      tokens.push({ kind: "one", accepts: classOf(pattern.slice(at + 1, end)) });
      at = end;
    } else {
      const quoted = character === "\\" ? pattern[++at] : character;
      if (quoted === undefined) return null;
      tokens.push({ kind: "one", accepts: (other) => other === quoted });
    }
  }
  return tokens;
}

function classOf(body: string): (character: string) => boolean {
  const negated = body.startsWith("!") || body.startsWith("^");
  const members = negated ? body.slice(1) : body;
  return (character) => {
    for (let at = 0; at < members.length; at++) {
      const [from = "", dash, to] = [members[at], members[at + 1], members[at + 2]];
      const range = dash === "-" && to !== undefined;
      if (range ? character >= from && character <= to : character === from) return !negated;
      if (range) at += 2;
    }
    return negated;
  };
}

/** A pattern with its `{a,b}` written out; null when braces do not match or it means too many. */
export function globAlternatives(pattern: string): string[] | null {
  const open = unquotedIndex(pattern, "{", 0);
  if (open < 0) return unquotedIndex(pattern, "}", 0) < 0 ? [pattern] : null;
  const parts: string[] = [];
  let [depth, start] = [0, open + 1];
  for (let at = open + 1; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === "\\") at++;
    else if (character === "{") depth++;
    else if (depth > 0 && character === "}") depth--;
    else if (depth === 0 && (character === "," || character === "}")) {
      parts.push(pattern.slice(start, at));
      start = at + 1;
      if (character === "}") return joined(pattern.slice(0, open), parts, pattern.slice(start));
    }
  }
  return null;
}

function joined(head: string, parts: readonly string[], tail: string): string[] | null {
  const all: string[] = [];
  for (const part of parts) {
    const rest = globAlternatives(part + tail);
    if (rest === null || all.length + rest.length > MAX_ALTERNATIVES) return null;
    all.push(...rest.map((text) => head + text));
  }
  return all;
}

function unquotedIndex(pattern: string, wanted: string, from: number): number {
  for (let at = from; at < pattern.length; at++) {
    if (pattern[at] === "\\") at++;
    else if (pattern[at] === wanted) return at;
  }
  return -1;
}
