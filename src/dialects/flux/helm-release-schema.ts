import { type Static, Type } from "typebox";
import { install, rollback, test, uninstall, upgrade } from "./helm-release-actions-schema.ts";
import {
  commonMetadata,
  dependency,
  duration,
  healthCheckExpr,
  ignoreRule,
  image,
  kubeConfig,
  localReference,
  oneOf,
  patch,
  stringMap,
} from "./schema-parts.ts";

function reference<const Kinds extends readonly string[]>(kinds: Kinds, description: string) {
  return Type.Object(
    {
      apiVersion: Type.Optional(Type.String({ description: "API version of the referent." })),
      kind: oneOf(kinds, { description: "Kind of the referent." }),
      name: Type.String({ minLength: 1, maxLength: 253, description: "Name of the referent." }),
      namespace: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 63,
          description: "Namespace of the referent, by default the namespace of this object.",
        }),
      ),
    },
    { description },
  );
}

function namespace(description: string) {
  return Type.Optional(Type.String({ minLength: 1, maxLength: 63, description }));
}

const verify = Type.Object(
  {
    provider: oneOf(["cosign", "notation"], { default: "cosign", description: "How charts are signed." }),
    secretRef: Type.Optional(localReference("Secret with the public keys of trusted authors.")),
  },
  { description: "How signatures are verified." },
);

const chartSpec = Type.Object(
  {
    chart: Type.String({ minLength: 1, maxLength: 2048, description: "Name of the chart, or its path in the source." }),
    ignoreMissingValuesFiles: Type.Optional(
      Type.Boolean({ description: "Leave out values files that the chart does not hold." }),
    ),
    interval: Type.Optional(duration("Time between two looks at the source, by default the interval of the release.")),
    reconcileStrategy: Type.Optional(
      oneOf(["ChartVersion", "Revision"], {
        default: "ChartVersion",
        description: "Whether a new version makes a new artifact, or every new revision of the source.",
      }),
    ),
    sourceRef: reference(["HelmRepository", "GitRepository", "Bucket"], "Where the chart is found."),
    valuesFiles: Type.Optional(
      Type.Array(Type.String(), { description: "Files of the chart that, merged, become its values." }),
    ),
    verify: Type.Optional(verify),
    version: Type.Optional(Type.String({ default: "*", description: "Version, or range of versions." })),
  },
  { description: "The chart that is followed." },
);

const chart = Type.Object(
  {
    metadata: Type.Optional(
      Type.Object(
        {
          annotations: Type.Optional(stringMap("Annotations of the HelmChart.")),
          labels: Type.Optional(stringMap("Labels of the HelmChart.")),
        },
        { description: "Metadata of the HelmChart." },
      ),
    ),
    spec: chartSpec,
  },
  { description: "The HelmChart that is made for this release." },
);

const driftDetection = Type.Object(
  {
    ignore: Type.Optional(Type.Array(ignoreRule, { description: "Changes that are not drift." })),
    mode: Type.Optional(
      oneOf(["enabled", "warn", "disabled"], {
        description: "Whether drift is corrected, only told, or not looked for.",
      }),
    ),
  },
  { description: "What happens to changes by others." },
);

const postRenderer = Type.Object(
  {
    kustomize: Type.Optional(
      Type.Object(
        {
          images: Type.Optional(Type.Array(image, { description: "Replacements of images." })),
          patches: Type.Optional(Type.Array(patch, { description: "Patches of the rendered objects." })),
        },
        { description: "A kustomization over what was rendered." },
      ),
    ),
  },
  { description: "A change of what was rendered." },
);

const valuesReference = Type.Object(
  {
    kind: oneOf(["Secret", "ConfigMap"], { description: "Kind of the referent." }),
    literal: Type.Optional(Type.Boolean({ description: "Take the value for `targetPath` as it is." })),
    name: Type.String({ minLength: 1, maxLength: 253, description: "Name of the referent." }),
    optional: Type.Optional(Type.Boolean({ description: "Whether the referent may be missing." })),
    targetPath: Type.Optional(
      Type.String({
        maxLength: 250,
        pattern: String.raw`^([a-zA-Z0-9_\-.\\\/]|\[[0-9]{1,5}\])+$`,
        description: "Place in the values that the whole entry is put to.",
      }),
    ),
    valuesKey: Type.Optional(
      Type.String({
        maxLength: 253,
        pattern: String.raw`^[\-._a-zA-Z0-9]+$`,
        description: "Key of the entry, by default `values.yaml`.",
      }),
    ),
  },
  { description: "Values from another object." },
);

/** `spec` of a HelmRelease: every field that upstream's v2 has. */
export const helmReleaseSpec = Type.Object(
  {
    chart: Type.Optional(chart),
    chartRef: Type.Optional(
      reference(["OCIRepository", "HelmChart", "ExternalArtifact"], "The source that holds the chart."),
    ),
    commonMetadata: Type.Optional(commonMetadata),
    dependsOn: Type.Optional(Type.Array(dependency, { description: "What must be ready first." })),
    driftDetection: Type.Optional(driftDetection),
    healthCheckExprs: Type.Optional(Type.Array(healthCheckExpr, { description: "Health expressions by kind." })),
    install,
    interval: duration("Longest time between two reconciliations."),
    kubeConfig: Type.Optional(kubeConfig),
    maxHistory: Type.Optional(Type.Integer({ description: "Records that are kept, by default 5; 0: all." })),
    persistentClient: Type.Optional(Type.Boolean({ description: "Accepted without effect: there is one client." })),
    postRenderStrategy: Type.Optional(
      oneOf(["nohooks", "combined", "separate"], { description: "What of the rendered objects is changed." }),
    ),
    postRenderers: Type.Optional(Type.Array(postRenderer, { description: "Changes of what was rendered, in order." })),
    releaseName: Type.Optional(Type.String({ minLength: 1, maxLength: 53, description: "Name of the release." })),
    rollback,
    serviceAccountName: Type.Optional(
      Type.String({ minLength: 1, maxLength: 253, description: "Service account that writes act as." }),
    ),
    storageNamespace: namespace("Namespace of Helm's records, by default the namespace of this object."),
    suspend: Type.Optional(Type.Boolean({ description: "Stop reconciling this object." })),
    targetNamespace: namespace("Namespace of the release, by default the namespace of this object."),
    test,
    timeout: Type.Optional(duration("Longest wait for any one thing, by default five minutes.")),
    uninstall,
    upgrade,
    values: Type.Optional(
      Type.Unsafe<unknown>({ "x-kubernetes-preserve-unknown-fields": true, description: "Values of the release." }),
    ),
    valuesFrom: Type.Optional(Type.Array(valuesReference, { description: "Values from other objects, in order." })),
    waitStrategy: Type.Optional(
      Type.Object(
        { name: oneOf(["poller", "legacy"], { description: "Accepted without effect: waits end by events." }) },
        { description: "How readiness is waited for." },
      ),
    ),
  },
  {
    description: "Which chart is released, and how.",
    "x-kubernetes-validations": [
      {
        rule: "(has(self.chart) && !has(self.chartRef)) || (!has(self.chart) && has(self.chartRef))",
        message: "either chart or chartRef must be set",
      },
    ],
  },
);

/** The parsed `spec` of a HelmRelease. */
export type HelmReleaseSpec = Static<typeof helmReleaseSpec>;
