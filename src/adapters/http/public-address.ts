/** An address as messages tell it: without the query, which may hold a token. */
export function publicAddress({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}
