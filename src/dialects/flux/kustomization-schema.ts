import { type Static, Type } from "typebox";
import {
  commonMetadata,
  conditions,
  dependency,
  duration,
  durationPattern,
  healthCheckExpr,
  ignoreRule,
  image,
  inventory,
  kubeConfig,
  lastHandledReconcileAt,
  localReference,
  observedGeneration,
  oneOf,
  patch,
  stringMap,
} from "./schema-parts.ts";

const sourceRef = Type.Object(
  {
    apiVersion: Type.Optional(Type.String({ description: "API version of the referent." })),
    kind: oneOf(["OCIRepository", "GitRepository", "Bucket", "ExternalArtifact"], {
      description: "Kind of the referent.",
    }),
    name: Type.String({ description: "Name of the referent." }),
    namespace: Type.Optional(
      Type.String({ description: "Namespace of the referent, by default the namespace of this object." }),
    ),
  },
  { description: "The source that holds the manifests." },
);

const decryption = Type.Object(
  {
    provider: oneOf(["sops"], { description: "Name of the decryption engine." }),
    secretRef: Type.Optional(localReference("Secret with the private keys.")),
    serviceAccountName: Type.Optional(
      Type.String({ description: "Service account that authenticates with key services of cloud providers." }),
    ),
  },
  { description: "How encrypted manifests are decrypted before they are applied." },
);

const postBuild = Type.Object(
  {
    substitute: Type.Optional(stringMap("Variables and their values.")),
    substituteFrom: Type.Optional(
      Type.Array(
        Type.Object({
          kind: oneOf(["Secret", "ConfigMap"], { description: "Kind of the referent." }),
          name: Type.String({ minLength: 1, maxLength: 253, description: "Name of the referent." }),
          optional: Type.Optional(
            Type.Boolean({ default: false, description: "Whether the referent may be missing." }),
          ),
        }),
        { description: "Objects whose data holds variables and their values." },
      ),
    ),
    substituteStrategy: Type.Optional(
      oneOf(["WithVariables", "Always"], { description: "When variables are substituted." }),
    ),
  },
  { description: "What happens to the manifests after the build." },
);

const healthCheck = Type.Object(
  {
    apiVersion: Type.Optional(Type.String({ description: "API version of the referent." })),
    kind: Type.String({ description: "Kind of the referent." }),
    name: Type.String({ description: "Name of the referent." }),
    namespace: Type.Optional(Type.String({ description: "Namespace of the referent." })),
  },
  { description: "An object whose health counts." },
);

/** `spec` of a Kustomization: every field that upstream's v1 has. */
export const kustomizationSpec = Type.Object(
  {
    buildMetadata: Type.Optional(Type.Array(Type.String(), { description: "Build metadata to add as annotations." })),
    commonMetadata: Type.Optional(commonMetadata),
    components: Type.Optional(Type.Array(Type.String(), { description: "Relative paths of components to include." })),
    decryption: Type.Optional(decryption),
    deletionPolicy: Type.Optional(
      oneOf(["MirrorPrune", "Delete", "WaitForTermination", "Orphan"], {
        description: "What deleting this object does to the objects it applied.",
      }),
    ),
    dependsOn: Type.Optional(Type.Array(dependency, { description: "What must be ready first." })),
    driftMode: Type.Optional(
      oneOf(["heal", "warn"], {
        description: "Whether changes by others are taken back or only told; not in upstream.",
      }),
    ),
    force: Type.Optional(
      Type.Boolean({ default: false, description: "Recreate objects when a change touches an immutable field." }),
    ),
    healthCheckExprs: Type.Optional(Type.Array(healthCheckExpr, { description: "Health expressions by kind." })),
    healthChecks: Type.Optional(Type.Array(healthCheck, { description: "Objects to wait for after applying." })),
    ignore: Type.Optional(Type.Array(ignoreRule, { description: "Changes that are not drift." })),
    ignoreMissingComponents: Type.Optional(Type.Boolean({ description: "Leave out components that do not exist." })),
    images: Type.Optional(Type.Array(image, { description: "Replacements of images." })),
    interval: duration("Longest time between two reconciliations."),
    kubeConfig: Type.Optional(kubeConfig),
    namePrefix: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: "Prefix of object names." })),
    nameSuffix: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: "Suffix of object names." })),
    onFailure: Type.Optional(
      oneOf(["Stop", "Continue"], {
        description:
          "Whether an object that is refused keeps the rest of its stage from being applied, which is the default; not in upstream.",
      }),
    ),
    patches: Type.Optional(Type.Array(patch, { description: "Patches applied by the build." })),
    path: Type.Optional(Type.String({ description: "Directory in the source, by default its root." })),
    postBuild: Type.Optional(postBuild),
    prune: Type.Boolean({ description: "Delete objects that left the source." }),
    retryInterval: Type.Optional(duration("Time between retries, by default the interval.")),
    serviceAccountName: Type.Optional(Type.String({ description: "Service account that writes act as." })),
    sourceRef,
    suspend: Type.Optional(Type.Boolean({ description: "Stop reconciling this object." })),
    targetNamespace: Type.Optional(
      Type.String({ minLength: 1, maxLength: 63, description: "Namespace that the build puts objects into." }),
    ),
    timeout: Type.Optional(duration("Bound of one reconciliation, by default the interval less 30 seconds.")),
    wait: Type.Optional(Type.Boolean({ description: "Wait for every applied object to be healthy." })),
  },
  { description: "What is built and applied, and how." },
);

/** The parsed `spec` of a Kustomization. */
export type KustomizationSpec = Static<typeof kustomizationSpec>;

const snapshot = Type.Object(
  {
    digest: Type.String({ description: "Digest of the built manifests." }),
    firstReconciled: Type.String({ format: "date-time", description: "When they were reconciled first." }),
    lastReconciled: Type.String({ format: "date-time", description: "When they were reconciled last." }),
    lastReconciledDuration: Type.String({ pattern: durationPattern, description: "How long the last time took." }),
    lastReconciledStatus: Type.String({ description: "How the last time ended." }),
    metadata: Type.Optional(stringMap("The revision, and more.")),
    totalReconciliations: Type.Integer({ format: "int64", description: "How often they were reconciled." }),
  },
  { description: "Reconciliations of the same manifests with the same end." },
);

/** `status` of a Kustomization. */
export const kustomizationStatus = Type.Object(
  {
    conditions: Type.Optional(conditions),
    history: Type.Optional(Type.Array(snapshot, { description: "The last reconciliations, newest first." })),
    inventory: Type.Optional(inventory),
    lastAppliedOriginRevision: Type.Optional(Type.String({ description: "Origin revision applied last." })),
    lastAppliedRevision: Type.Optional(Type.String({ description: "Revision applied last." })),
    lastAttemptedRevision: Type.Optional(Type.String({ description: "Revision attempted last." })),
    lastHandledReconcileAt: Type.Optional(lastHandledReconcileAt),
    observedGeneration: Type.Optional(observedGeneration),
  },
  { description: "What was observed.", default: { observedGeneration: -1 } },
);
