import type { EntryRef } from "#core/app/provider.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { ObjectName } from "#core/source/source.ts";
import type { ClusterClient } from "./ports.ts";
import { referencedData } from "./followed-objects.ts";

type Client = Pick<ClusterClient, "get">;
type Kind = "Secret" | "ConfigMap";

/** An entry of a Secret. @throws Error naming what is missing, never a value */
export async function secretText(client: Client, entry: EntryRef, signal: AbortSignal): Promise<string> {
  return entryText(client, { ...entry, kind: "Secret" }, signal);
}

/** A Secret as it is. @throws Error naming it */
export async function secretOf(client: Client, name: ObjectName, signal: AbortSignal): Promise<Resource> {
  return found(client, { ...name, kind: "Secret" }, signal);
}

/** An entry of a ConfigMap. @throws Error naming what is missing */
export async function configText(client: Client, entry: EntryRef, signal: AbortSignal): Promise<string> {
  return entryText(client, { ...entry, kind: "ConfigMap" }, signal);
}

async function entryText(
  client: Client,
  { key, ...at }: EntryRef & { readonly kind: Kind },
  signal: AbortSignal,
): Promise<string> {
  const { kind, namespace, name } = at;
  const object = await found(client, at, signal);
  const text = referencedData(object).text[key];
  if (text === undefined) throw new Error(`Cannot read credentials: ${kind} ${namespace}/${name} has no entry ${key}`);
  return text.trim();
}

async function found(
  client: Client,
  { kind, namespace, name }: ObjectName & { readonly kind: Kind },
  signal: AbortSignal,
): Promise<Resource> {
  const object = await client.get({ apiVersion: "v1", kind, namespace, name }, { signal });
  if (!object) throw new Error(`Cannot read credentials: ${kind} ${namespace}/${name} does not exist`);
  return object;
}
