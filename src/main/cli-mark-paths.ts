/** Places where ownership is written; a declaration does not hold them. */
export const markPaths: readonly string[] = [
  "/metadata/labels/kustomize.toolkit.fluxcd.io~1name",
  "/metadata/labels/kustomize.toolkit.fluxcd.io~1namespace",
  "/metadata/labels/helm.toolkit.fluxcd.io~1name",
  "/metadata/labels/helm.toolkit.fluxcd.io~1namespace",
  "/metadata/annotations/meta.helm.sh~1release-name",
  "/metadata/annotations/meta.helm.sh~1release-namespace",
  "/metadata/labels/holdfast.dev~1app",
  "/metadata/annotations/argocd.argoproj.io~1tracking-id",
  "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration",
];
