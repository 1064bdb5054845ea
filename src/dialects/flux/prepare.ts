import type { PrepareContext, Prepared } from "#core/app/dialect.ts";
import { gvkOf, idOf, idText } from "#core/resource/resource-id.ts";
import { type Resource, annotationsOf, withMetadata } from "#core/resource/resource.ts";
import type { KustomizationDetails } from "./parse-kustomization.ts";

const decryptAnnotation = "kustomize.toolkit.fluxcd.io/decrypt";

/** Adds the app's common metadata and refuses what upstream refuses before it applies. */
export function prepare(resources: readonly Resource[], context: PrepareContext): Prepared {
  const { commonMetadata } = context.app.details as KustomizationDetails;
  const refusals: { resource: Resource; message: string }[] = [];
  const prepared = resources.map((rendered) => {
    const resource = withMetadata(placed(rendered, context), commonMetadata);
    const message = refusalOf(resource, context);
    if (message !== null) refusals.push({ resource, message });
    return resource;
  });
  return { resources: prepared, refusals, warnings: [] };
}

/** The server drops the namespace of cluster-scoped objects; without it their identity is right from the start. */
function placed(resource: Resource, { scopeOf }: PrepareContext): Resource {
  const { namespace, ...metadata } = resource.metadata;
  if (namespace === undefined || scopeOf(gvkOf(resource)) !== "cluster") return resource;
  return { ...resource, metadata };
}

function refusalOf(resource: Resource, { scopeOf }: PrepareContext): string | null {
  if (isEncrypted(resource)) {
    return `${idText(idOf(resource))} is SOPS encrypted, configuring decryption is required for this secret to be reconciled`;
  }
  if (!resource.metadata.namespace && scopeOf(gvkOf(resource)) === "namespaced") {
    return `${idText(idOf(resource))} namespace not specified: the server could not find the requested resource`;
  }
  return null;
}

function isEncrypted(resource: Resource): boolean {
  if (resource.kind !== "Secret" || typeof resource["sops"] !== "object" || resource["sops"] === null) return false;
  return annotationsOf(resource)[decryptAnnotation]?.toLowerCase() !== "disabled";
}
