import type { Dialect } from "#core/app/dialect.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import { referencedData } from "#engine/followed-objects.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { dialects } from "./dialects.ts";

/** The dialects as this cluster's settings make them; settings that may not be read say nothing. */
export async function configuredDialects(client: ClusterClient, signal: AbortSignal): Promise<readonly Dialect[]> {
  return Promise.all(dialects.map((dialect) => configured(client, dialect, signal)));
}

async function configured(client: ClusterClient, dialect: Dialect, signal: AbortSignal): Promise<Dialect> {
  const { settings } = dialect;
  if (!settings) return dialect;
  const { namespace } = settings;
  const data = await Promise.all(
    settings.names.map(async (name) => {
      const object = await readable(client, { namespace, name }, signal);
      return [name, object && referencedData(object).text] as const;
    }),
  );
  const present = data.flatMap(([name, text]) => (text ? [[name, text] as const] : []));
  return settings.configured(Object.fromEntries(present)).dialect;
}

async function readable(
  client: ClusterClient,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
) {
  try {
    return await client.get({ apiVersion: "v1", kind: "ConfigMap", namespace, name }, { signal });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 403) throw error;
    return null;
  }
}
