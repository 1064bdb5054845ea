import { type TSchema, Type } from "typebox";
import type { CrdColumn, CrdSpec } from "#core/app/crd.ts";
import { artifactGeneratorSpec, artifactGeneratorStatus } from "./artifact-generator-schema.ts";
import { bucketSpec, bucketStatus } from "./bucket-schema.ts";
import { externalArtifactSpec, externalArtifactStatus } from "./external-artifact-schema.ts";
import { gitRepositorySpec, gitRepositoryStatus } from "./git-repository-schema.ts";
import { helmChartSpec, helmChartStatus } from "./helm-chart-schema.ts";
import { helmReleaseSpec } from "./helm-release-schema.ts";
import { helmReleaseStatus } from "./helm-release-status-schema.ts";
import { helmRepositorySpec, helmRepositoryStatus } from "./helm-repository-schema.ts";
import { ociRepositorySpec, ociRepositoryStatus } from "./oci-repository-schema.ts";
import { kustomizationSpec, kustomizationStatus } from "./kustomization-schema.ts";

const age: CrdColumn = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };
const ready: CrdColumn = {
  name: "Ready",
  type: "string",
  jsonPath: '.status.conditions[?(@.type=="Ready")].status',
};
const status: CrdColumn = {
  name: "Status",
  type: "string",
  jsonPath: '.status.conditions[?(@.type=="Ready")].message',
};

/** The CustomResourceDefinitions of this dialect, with the columns and names that upstream's have. */
export const fluxCrds: readonly CrdSpec[] = [
  {
    group: "kustomize.toolkit.fluxcd.io",
    kind: "Kustomization",
    plural: "kustomizations",
    singular: "kustomization",
    shortNames: ["ks"],
    scope: "Namespaced",
    versions: [
      {
        name: "v1",
        schema: objectSchema(
          "Kustomization applies the manifests of a source.",
          kustomizationSpec,
          kustomizationStatus,
        ),
        columns: [age, ready, status],
        statusSubresource: true,
      },
    ],
  },
  {
    group: "source.toolkit.fluxcd.io",
    kind: "GitRepository",
    plural: "gitrepositories",
    singular: "gitrepository",
    shortNames: ["gitrepo"],
    categories: ["all", "fluxcd", "fluxcd-sources"],
    scope: "Namespaced",
    versions: [
      {
        name: "v1",
        schema: objectSchema("GitRepository follows a Git repository.", gitRepositorySpec, gitRepositoryStatus),
        columns: [{ name: "URL", type: "string", jsonPath: ".spec.url" }, age, ready, status],
        statusSubresource: true,
      },
    ],
  },
  {
    group: "source.toolkit.fluxcd.io",
    kind: "OCIRepository",
    plural: "ocirepositories",
    singular: "ocirepository",
    shortNames: ["ocirepo"],
    categories: ["all", "fluxcd", "fluxcd-sources"],
    scope: "Namespaced",
    versions: [
      {
        name: "v1",
        schema: objectSchema(
          "OCIRepository follows an artifact in a registry.",
          ociRepositorySpec,
          ociRepositoryStatus,
        ),
        columns: [{ name: "URL", type: "string", jsonPath: ".spec.url" }, age, ready, status],
        statusSubresource: true,
      },
    ],
  },
  {
    group: "source.toolkit.fluxcd.io",
    kind: "Bucket",
    plural: "buckets",
    singular: "bucket",
    shortNames: [],
    categories: ["all", "fluxcd", "fluxcd-sources"],
    scope: "Namespaced",
    versions: [
      {
        name: "v1",
        schema: objectSchema("Bucket follows the objects of a bucket.", bucketSpec, bucketStatus),
        columns: [{ name: "Endpoint", type: "string", jsonPath: ".spec.endpoint" }, age, ready, status],
        statusSubresource: true,
      },
    ],
  },
  {
    group: "source.toolkit.fluxcd.io",
    kind: "HelmRepository",
    plural: "helmrepositories",
    singular: "helmrepository",
    shortNames: ["helmrepo"],
    categories: ["all", "fluxcd", "fluxcd-sources"],
    scope: "Namespaced",
    versions: [
      {
        name: "v1",
        schema: objectSchema("HelmRepository follows a chart repository.", helmRepositorySpec, helmRepositoryStatus),
        columns: [{ name: "URL", type: "string", jsonPath: ".spec.url" }, age, ready, status],
        statusSubresource: true,
      },
    ],
  },
  {
    group: "source.toolkit.fluxcd.io",
    kind: "HelmChart",
    plural: "helmcharts",
    singular: "helmchart",
    shortNames: ["hc"],
    categories: ["all", "fluxcd", "fluxcd-sources"],
    scope: "Namespaced",
    versions: [
      {
        name: "v1",
        schema: objectSchema("HelmChart follows a chart of a source.", helmChartSpec, helmChartStatus),
        columns: [
          { name: "Chart", type: "string", jsonPath: ".spec.chart" },
          { name: "Version", type: "string", jsonPath: ".spec.version" },
          { name: "Source Kind", type: "string", jsonPath: ".spec.sourceRef.kind" },
          { name: "Source Name", type: "string", jsonPath: ".spec.sourceRef.name" },
          age,
          ready,
          status,
        ],
        statusSubresource: true,
      },
    ],
  },
  {
    group: "source.toolkit.fluxcd.io",
    kind: "ExternalArtifact",
    plural: "externalartifacts",
    singular: "externalartifact",
    shortNames: [],
    categories: ["all", "fluxcd", "fluxcd-sources"],
    scope: "Namespaced",
    versions: [
      {
        name: "v1",
        schema: objectSchema(
          "ExternalArtifact is an artifact that somebody else makes.",
          externalArtifactSpec,
          externalArtifactStatus,
        ),
        columns: [age, ready, status, { name: "Source", type: "string", jsonPath: ".spec.sourceRef.name" }],
        statusSubresource: true,
      },
    ],
  },
  {
    group: "source.extensions.fluxcd.io",
    kind: "ArtifactGenerator",
    plural: "artifactgenerators",
    singular: "artifactgenerator",
    shortNames: ["ag"],
    categories: ["all", "fluxcd", "fluxcd-sources"],
    scope: "Namespaced",
    versions: [
      {
        name: "v1beta1",
        schema: objectSchema(
          "ArtifactGenerator makes artifacts of the files of sources.",
          artifactGeneratorSpec,
          artifactGeneratorStatus,
        ),
        columns: [age, ready, status],
        statusSubresource: true,
      },
    ],
  },
  {
    group: "helm.toolkit.fluxcd.io",
    kind: "HelmRelease",
    plural: "helmreleases",
    singular: "helmrelease",
    shortNames: ["hr"],
    categories: ["all", "fluxcd", "fluxcd-appliers"],
    scope: "Namespaced",
    versions: [
      {
        name: "v2",
        schema: objectSchema(
          "HelmRelease keeps a chart installed as a Helm release.",
          helmReleaseSpec,
          helmReleaseStatus,
        ),
        columns: [age, ready, status],
        statusSubresource: true,
      },
    ],
  },
];

function objectSchema(description: string, spec: TSchema, statusSchema: TSchema): Readonly<Record<string, unknown>> {
  const schema = Type.Object(
    {
      apiVersion: Type.Optional(Type.String()),
      kind: Type.Optional(Type.String()),
      metadata: Type.Optional(Type.Unsafe<unknown>({ type: "object" })),
      spec: Type.Optional(spec),
      status: Type.Optional(statusSchema),
    },
    { description },
  );
  return { ...schema };
}
