/** Actions that only ever answer later. */
type Later<Actions> = { readonly [Name in keyof Actions]: (...args: never[]) => Promise<unknown> };

/** Actions of which the code is loaded when one of them is first used, so that every other command starts at once. */
export function loadedLater<Actions extends Later<Actions>>(load: () => Promise<Actions>): Actions {
  const answer =
    (name: string | symbol) =>
    async (...args: never[]): Promise<unknown> =>
      (await load())[name as keyof Actions](...args);
  return new Proxy({} as Actions, { get: (_target, name) => answer(name) });
}
