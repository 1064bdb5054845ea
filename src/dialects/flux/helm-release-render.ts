import type { App, Reference, ReferencedData } from "#core/app/app.ts";
import type { PrepareContext, Prepared } from "#core/app/dialect.ts";
import type { RenderSpec } from "#core/app/render-spec.ts";
import { gvkOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { type Result, ok } from "#core/result.ts";
import type { HelmReleaseDetails } from "./helm-release-parse.ts";
import { resolveValues, valuesParts } from "./helm-release-values.ts";

/** Fills in the values of a release, its own and those of what it references. */
export function completeReleaseRender(
  app: App,
  render: RenderSpec,
  find: (reference: Reference) => ReferencedData | null,
): Result<RenderSpec, string> {
  if (render.kind !== "chart") return ok(render);
  const { values, valuesFrom } = app.details as HelmReleaseDetails;
  const resolved = resolveValues(valuesFrom, app.object.namespace, find);
  return resolved.ok ? ok({ ...render, values: valuesParts(resolved.value, values) }) : resolved;
}

/** Puts objects that name no namespace into the release's; Helm refuses none. */
export function prepareRelease(resources: readonly Resource[], context: PrepareContext): Prepared {
  return { resources: resources.map((resource) => placed(resource, context)), refusals: [], warnings: [] };
}

function placed(resource: Resource, { app, scopeOf }: PrepareContext): Resource {
  const { namespace, ...metadata } = resource.metadata;
  // A kind that the cluster does not know yet is taken for a namespaced one, which most are.
  if (scopeOf(gvkOf(resource)) === "cluster") return namespace === undefined ? resource : { ...resource, metadata };
  if (namespace || app.target.namespace === null) return resource;
  return { ...resource, metadata: { ...resource.metadata, namespace: app.target.namespace } };
}
