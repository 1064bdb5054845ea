import type { Source } from "./source.ts";

/** A source that is asked for as a service account where a cloud would else be asked as the controller. */
export function withDefaultAccount(source: Source, account: string | null): Source {
  const { remote, object } = source;
  if (account === null || object === null || source.account || !("cloud" in remote) || !remote.cloud) return source;
  return { ...source, account: { namespace: object.namespace, name: account } };
}
