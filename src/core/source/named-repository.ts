const NAMED = /^(?:@|alias:)/;

/** Whether a chart calls a repository by a name instead of its address. */
export function isNamedRepository(text: string): boolean {
  return NAMED.test(text);
}

/** The name of such a repository. */
export function nameOfRepository(text: string): string {
  return text.replace(NAMED, "");
}
