import type { DialectKind } from "#core/app/dialect.ts";

/** Kinds whose objects are apps. */
export const appKinds: readonly DialectKind[] = [
  {
    group: "kustomize.toolkit.fluxcd.io",
    version: "v1",
    kind: "Kustomization",
    plural: "kustomizations",
    short: "ks",
  },
];

/** The kind whose objects are Helm releases: another controller's in upstream, so a dialect of its own here. */
export const helmAppKinds: readonly DialectKind[] = [
  {
    group: "helm.toolkit.fluxcd.io",
    version: "v2",
    kind: "HelmRelease",
    plural: "helmreleases",
    short: "hr",
  },
];

/** Kinds whose objects are sources. */
export const sourceKinds: readonly DialectKind[] = [
  {
    group: "source.toolkit.fluxcd.io",
    version: "v1",
    kind: "GitRepository",
    plural: "gitrepositories",
    short: "gitrepo",
  },
  {
    group: "source.toolkit.fluxcd.io",
    version: "v1",
    kind: "OCIRepository",
    plural: "ocirepositories",
    short: "ocirepo",
  },
  {
    group: "source.toolkit.fluxcd.io",
    version: "v1",
    kind: "Bucket",
    plural: "buckets",
    short: "bucket",
  },
  {
    group: "source.toolkit.fluxcd.io",
    version: "v1",
    kind: "HelmRepository",
    plural: "helmrepositories",
    short: "helmrepo",
  },
  {
    group: "source.toolkit.fluxcd.io",
    version: "v1",
    kind: "HelmChart",
    plural: "helmcharts",
    short: "hc",
  },
  {
    group: "source.toolkit.fluxcd.io",
    version: "v1",
    kind: "ExternalArtifact",
    plural: "externalartifacts",
    short: "ea",
    declaredIn: "artifact",
  },
  {
    group: "source.extensions.fluxcd.io",
    version: "v1beta1",
    kind: "ArtifactGenerator",
    plural: "artifactgenerators",
    short: "ag",
  },
];
