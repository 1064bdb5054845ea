import { type Static, Type } from "typebox";
import {
  artifact,
  conditions,
  duration,
  lastHandledReconcileAt,
  localReference,
  observedGeneration,
  oneOf,
} from "./schema-parts.ts";

const sourceRef = Type.Object(
  {
    apiVersion: Type.Optional(Type.String({ description: "API version of the referent." })),
    kind: oneOf(["HelmRepository", "GitRepository", "Bucket"], { description: "Kind of the referent." }),
    name: Type.String({ description: "Name of the referent." }),
  },
  { description: "Where the chart is found." },
);

const identity = Type.Object(
  {
    issuer: Type.String({ description: "Regular expression that the issuer must match." }),
    subject: Type.String({ description: "Regular expression that the subject must match." }),
  },
  { description: "Who may have signed." },
);

const verify = Type.Object(
  {
    matchOIDCIdentity: Type.Optional(
      Type.Array(identity, { description: "Identities of which one must have signed." }),
    ),
    provider: oneOf(["cosign", "notation"], { default: "cosign", description: "How charts are signed." }),
    secretRef: Type.Optional(localReference("Secret with the public keys of trusted authors.")),
    trustedRootSecretRef: Type.Optional(localReference("Secret with the trusted root of a private transparency log.")),
  },
  { description: "How signatures are verified." },
);

/** `spec` of a HelmChart: every field that upstream's v1 has. */
export const helmChartSpec = Type.Object(
  {
    chart: Type.String({ description: "Name of the chart, or its path in a GitRepository or Bucket." }),
    ignoreMissingValuesFiles: Type.Optional(
      Type.Boolean({ description: "Leave out values files that the chart does not hold." }),
    ),
    interval: duration("Longest time between two looks at the source."),
    reconcileStrategy: Type.Optional(
      oneOf(["ChartVersion", "Revision"], {
        default: "ChartVersion",
        description: "Whether a new version makes a new artifact, or every new revision of the source.",
      }),
    ),
    sourceRef,
    suspend: Type.Optional(Type.Boolean({ description: "Stop following the chart." })),
    valuesFiles: Type.Optional(
      Type.Array(Type.String(), { description: "Files of the chart that, merged, become its values." }),
    ),
    verify: Type.Optional(verify),
    version: Type.Optional(Type.String({ default: "*", description: "Version, or range of versions." })),
  },
  { description: "Which chart is followed, and how." },
);

/** The parsed `spec` of a HelmChart. */
export type HelmChartSpec = Static<typeof helmChartSpec>;

/** `status` of a HelmChart. */
export const helmChartStatus = Type.Object(
  {
    artifact: Type.Optional(artifact),
    conditions: Type.Optional(conditions),
    lastHandledReconcileAt: Type.Optional(lastHandledReconcileAt),
    observedChartName: Type.Optional(Type.String({ description: "Name of the chart that was resolved last." })),
    observedGeneration: Type.Optional(observedGeneration),
    observedSourceArtifactRevision: Type.Optional(
      Type.String({ description: "Revision of the source that the chart was resolved in last." }),
    ),
    observedValuesFiles: Type.Optional(
      Type.Array(Type.String(), { description: "Values files that were merged for the artifact." }),
    ),
    url: Type.Optional(Type.String({ description: "Address of the chart of the last fetch." })),
  },
  { description: "What was observed.", default: { observedGeneration: -1 } },
);
