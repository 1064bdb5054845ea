import { type Reference, type ReferencedData, referenceKey } from "#core/app/app.ts";
import type { RenderSpec } from "#core/app/render-spec.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import { referencedData } from "#engine/followed-objects.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { type AppRecord, usableApp } from "./cli-app-record.ts";

/**
 * A render of an app with what the app references filled in, read with the rights of the person who asks.
 * @throws CliError when something is missing
 */
export async function completedRender(
  { client, record }: { readonly client: Pick<ClusterClient, "get">; readonly record: AppRecord },
  render: RenderSpec,
  signal: AbortSignal,
): Promise<RenderSpec> {
  const app = usableApp(record);
  const found = new Map<string, ReferencedData | null>();
  for (const reference of app.references) {
    const object = await client.get({ apiVersion: "v1", ...reference }, { signal });
    found.set(referenceKey(reference), object && referencedData(object));
  }
  const find = (reference: Reference) => found.get(referenceKey(reference)) ?? null;
  const completed = record.dialect.completeRender(app, render, find);
  if (completed.ok) return completed.value;
  throw new CliError(`Cannot render ${record.key}: ${completed.error}`, { exitCode: exitCode.refused });
}
