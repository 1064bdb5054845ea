import { type Reference, type ReferencedData, referenceKey } from "#core/app/app.ts";
import type { RenderSpec } from "#core/app/render-spec.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import { referencedData } from "#engine/followed-objects.ts";
import { completedSpec } from "#engine/completed-spec.ts";
import type { ClusterClient } from "#engine/ports.ts";
import type { ReadSource } from "#engine/read-sources.ts";
import { type AppRecord, type FoundApp, usableApp } from "./cli-app-record.ts";
import { withTarget } from "./cli-target.ts";

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

/**
 * How a source of an app is rendered at what it is at, with what the cluster of its objects can do.
 * @throws CliError when it cannot be
 */
export async function completedSource(found: FoundApp, source: ReadSource, signal: AbortSignal): Promise<RenderSpec> {
  const { record } = found;
  const { declared } = source;
  const render = await completedRender(found, declared.render, signal);
  const cluster = () =>
    withTarget(
      found,
      async (target) => {
        const { kubeVersion, apiVersions } = await target.capabilities({ signal });
        return { kubeVersion: kubeVersion.version, apiVersions };
      },
      signal,
    );
  const parts = {
    dialect: record.dialect,
    app: usableApp(record),
    source: { ...source, declared: { ...declared, render } },
  };
  const spec = await completedSpec({ ...parts, cluster }, signal);
  if (spec.ok) return spec.value;
  throw new CliError(`Cannot render ${record.key}: ${spec.error}`, { exitCode: exitCode.refused });
}
