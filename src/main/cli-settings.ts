import type { Dialect, DialectSettings, SettingsData } from "#core/app/dialect.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import { argoDialect } from "#dialects/argocd/argo-dialect.ts";
import type { ProjectPlace } from "#dialects/argocd/project.ts";
import { parseSettings, usualArgoSettings } from "#dialects/argocd/settings.ts";
import { referencedData } from "#engine/followed-objects.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { dialects } from "./dialects.ts";

/** The dialects as this cluster's settings make them; settings that may not be read say nothing. */
export async function configuredDialects(client: ClusterClient, signal: AbortSignal): Promise<readonly Dialect[]> {
  return Promise.all(dialects.map((dialect) => configured(client, dialect, signal)));
}

/** Where this cluster's projects are, and which of them count for others too. */
export async function projectPlace(client: ClusterClient, signal: AbortSignal): Promise<ProjectPlace> {
  const settings = argoDialect.settings;
  if (!settings) throw new Error("Cannot read settings: the dialect has none");
  const { settings: argo } = parseSettings(await settingsData(client, settings, signal), usualArgoSettings);
  return { controlNamespace: settings.namespace, argo };
}

async function configured(client: ClusterClient, dialect: Dialect, signal: AbortSignal): Promise<Dialect> {
  const { settings } = dialect;
  return settings ? settings.configured(await settingsData(client, settings, signal)).dialect : dialect;
}

async function settingsData(
  client: ClusterClient,
  settings: Pick<DialectSettings, "namespace" | "names">,
  signal: AbortSignal,
): Promise<SettingsData> {
  const { namespace } = settings;
  const data = await Promise.all(
    settings.names.map(async (name) => {
      const object = await readable(client, { namespace, name }, signal);
      return [name, object && referencedData(object).text] as const;
    }),
  );
  const present = data.flatMap(([name, text]) => (text ? [[name, text] as const] : []));
  return Object.fromEntries(present);
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
