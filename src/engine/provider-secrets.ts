import type { EntryRef } from "#core/app/provider.ts";
import type { ClusterClient } from "./ports.ts";
import { referencedData } from "./followed-objects.ts";

type Client = Pick<ClusterClient, "get">;

/** An entry of a Secret. @throws Error naming what is missing, never a value */
export async function secretText(client: Client, entry: EntryRef, signal: AbortSignal): Promise<string> {
  return entryText(client, { ...entry, kind: "Secret" }, signal);
}

/** An entry of a ConfigMap. @throws Error naming what is missing */
export async function configText(client: Client, entry: EntryRef, signal: AbortSignal): Promise<string> {
  return entryText(client, { ...entry, kind: "ConfigMap" }, signal);
}

async function entryText(
  client: Client,
  { kind, namespace, name, key }: EntryRef & { readonly kind: "Secret" | "ConfigMap" },
  signal: AbortSignal,
): Promise<string> {
  const object = await client.get({ apiVersion: "v1", kind, namespace, name }, { signal });
  if (!object) throw new Error(`Cannot read credentials: ${kind} ${namespace}/${name} does not exist`);
  const text = referencedData(object).text[key];
  if (text === undefined) throw new Error(`Cannot read credentials: ${kind} ${namespace}/${name} has no entry ${key}`);
  return text.trim();
}
