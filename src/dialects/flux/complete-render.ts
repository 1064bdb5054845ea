import type { App, Reference, ReferencedData } from "#core/app/app.ts";
import type { RenderSpec } from "#core/app/render-spec.ts";
import { type Result, ok } from "#core/result.ts";
import type { KustomizationDetails } from "./parse-kustomization.ts";
import { substitutionOf } from "./post-build.ts";

/** Adds what a Kustomization takes from the ConfigMaps and Secrets that it references. */
export function completeRender(
  app: App,
  render: RenderSpec,
  find: (reference: Reference) => ReferencedData | null,
): Result<RenderSpec, string> {
  const { postBuild } = app.details as KustomizationDetails;
  if (render.kind !== "kustomize" || !postBuild) return ok(render);
  const substitute = substitutionOf(postBuild, app.object.namespace, find);
  return substitute.ok ? ok({ ...render, substitute: substitute.value }) : substitute;
}
