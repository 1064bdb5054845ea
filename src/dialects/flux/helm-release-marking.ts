import { type App, appKey } from "#core/app/app.ts";
import { labelsOf, type Resource, withMetadata } from "#core/resource/resource.ts";

/** The group of HelmReleases and of the labels on their objects. */
export const helmGroup = "helm.toolkit.fluxcd.io";

const nameLabel = `${helmGroup}/name`;
const namespaceLabel = `${helmGroup}/namespace`;

/** Label selector of the objects of all HelmReleases. */
export const helmSelector = nameLabel;

/** The labels by which an object tells its HelmRelease. */
export function originLabels(name: string, namespace: string): Readonly<Record<string, string>> {
  return { [nameLabel]: name, [namespaceLabel]: namespace };
}

/** Adds what upstream and Helm write on every object of a release. */
export function markReleased(resource: Resource, { object, release }: App): Resource {
  return withMetadata(resource, {
    labels: { ...originLabels(object.name, object.namespace), "app.kubernetes.io/managed-by": "Helm" },
    annotations: {
      "meta.helm.sh/release-name": release?.name ?? "",
      "meta.helm.sh/release-namespace": release?.namespace ?? "",
    },
  });
}

/** The key of the HelmRelease that an object is marked for, or null. */
export function releaseOwnerOf(live: Resource): string | null {
  const { [nameLabel]: name, [namespaceLabel]: namespace } = labelsOf(live);
  return name && namespace ? appKey("hr", namespace, name) : null;
}
