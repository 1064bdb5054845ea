/** The member names of a JSON pointer (RFC 6901); null when it is not one. The whole document is the empty list. */
export function pointerTokens(pointer: string): readonly string[] | null {
  if (pointer === "") return [];
  if (!pointer.startsWith("/")) return null;
  return pointer
    .slice(1)
    .split("/")
    .map((token) => (token.includes("~") ? token.replaceAll("~1", "/").replaceAll("~0", "~") : token));
}

/** A pointer one member deeper. */
export function pointerInto(pointer: string, token: string | number): string {
  const text = String(token);
  const escaped = /[~/]/.test(text) ? text.replaceAll("~", "~0").replaceAll("/", "~1") : text;
  return `${pointer}/${escaped}`;
}

/** Whether `pointer` is `ancestor` or lies below it. */
export function isAtOrBelow(pointer: string, ancestor: string): boolean {
  return pointer.startsWith(ancestor) && (pointer.length === ancestor.length || pointer[ancestor.length] === "/");
}

/** The value that a pointer names, or undefined. */
export function valueAt(document: unknown, pointer: string): unknown {
  let value: unknown = document;
  for (const token of pointerTokens(pointer) ?? [""]) {
    value = memberOf(value, token);
    if (value === undefined) return undefined;
  }
  return value;
}

/** The member of an object or the item of a list that a token names, or undefined. */
export function memberOf(value: unknown, token: string): unknown {
  if (Array.isArray(value)) return isIndex(token) ? value[Number(token)] : undefined;
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, token)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[token];
}

/** Whether a token is a list index as RFC 6901 writes it. */
export function isIndex(token: string): boolean {
  return /^(0|[1-9]\d*)$/.test(token);
}
