import type { CloudCaller } from "#engine/cloud-identity.ts";

/** What is kept for a caller is kept under this. */
export function callerKey(what: string, { identity, proxy }: CloudCaller, rest: readonly unknown[]): string {
  return JSON.stringify([what, identity && [identity.namespace, identity.name], proxy, rest]);
}
