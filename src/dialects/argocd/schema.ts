import Type from "typebox";
import { count, flag, text, texts, textMap, time } from "./schema-parts.ts";
import { hydratorSchema, infoSchema, sourceSchema } from "./source-schema.ts";

const optionalSource = Type.Optional(sourceSchema);
const optionalSources = Type.Optional(Type.Array(sourceSchema));

/** Where an application's objects go. */
export const destinationSchema = Type.Object({ server: text(), name: text(), namespace: text() });

const retry = Type.Object({
  limit: count(),
  refresh: flag(),
  backoff: Type.Optional(Type.Object({ duration: text(), factor: count(), maxDuration: text() })),
});

const initiatedBy = Type.Object({ username: text(), automated: flag() });

const syncResource = Type.Object({ group: text(), kind: Type.String(), name: Type.String(), namespace: text() });

const syncOperation = Type.Object({
  revision: text(),
  revisions: texts(),
  source: optionalSource,
  sources: optionalSources,
  prune: flag(),
  dryRun: flag(),
  resources: Type.Optional(Type.Array(syncResource)),
  manifests: texts(),
  syncOptions: texts(),
  syncStrategy: Type.Optional(
    Type.Object({
      apply: Type.Optional(Type.Object({ force: flag() })),
      hook: Type.Optional(Type.Object({ force: flag() })),
    }),
  ),
  autoHealAttemptsCount: count(),
});

/** The top-level field that asks for a sync. */
export const operationSchema = Type.Object({
  sync: Type.Optional(syncOperation),
  initiatedBy: Type.Optional(initiatedBy),
  retry: Type.Optional(retry),
  info: infoSchema,
});

const ignoreDifferences = Type.Optional(
  Type.Array(
    Type.Object({
      group: text(),
      kind: Type.String(),
      name: text(),
      namespace: text(),
      jsonPointers: texts(),
      jqPathExpressions: texts(),
      managedFieldsManagers: texts(),
    }),
  ),
);

const namespaceMetadata = Type.Optional(Type.Object({ labels: textMap(), annotations: textMap() }));

const automated = Type.Object({ enabled: flag(), prune: flag(), selfHeal: flag(), allowEmpty: flag() });

const syncPolicy = Type.Object({
  automated: Type.Optional(automated),
  retry: Type.Optional(retry),
  syncOptions: texts(),
  managedNamespaceMetadata: namespaceMetadata,
});

/** `spec` of an Application. */
export const specSchema = Type.Object({
  project: Type.String(),
  destination: destinationSchema,
  source: optionalSource,
  sources: optionalSources,
  sourceHydrator: Type.Optional(hydratorSchema),
  syncPolicy: Type.Optional(syncPolicy),
  ignoreDifferences,
  info: infoSchema,
  revisionHistoryLimit: count(),
});

const health = Type.Optional(Type.Object({ status: text(), message: text(), lastTransitionTime: time() }));

const resourceStatus = Type.Object({
  group: text(),
  version: text(),
  kind: text(),
  namespace: text(),
  name: text(),
  status: text(),
  health,
  hook: flag(),
  requiresPruning: flag(),
  requiresDeletionConfirmation: flag(),
  syncWave: count(),
});

const historyEntry = Type.Object({
  id: Type.Integer({ format: "int64" }),
  revision: text(),
  revisions: texts(),
  source: optionalSource,
  sources: optionalSources,
  deployedAt: Type.String({ format: "date-time" }),
  deployStartedAt: time(),
  initiatedBy: Type.Optional(initiatedBy),
});

const resourceResult = Type.Object({
  group: Type.String(),
  version: Type.String(),
  kind: Type.String(),
  namespace: Type.String(),
  name: Type.String(),
  status: text(),
  message: text(),
  hookType: text(),
  hookPhase: text(),
  syncPhase: text(),
  images: texts(),
});

const syncResult = Type.Object({
  revision: Type.String(),
  revisions: texts(),
  source: optionalSource,
  sources: optionalSources,
  resources: Type.Optional(Type.Array(resourceResult)),
  managedNamespaceMetadata: namespaceMetadata,
});

const operationState = Type.Object({
  operation: operationSchema,
  phase: Type.String(),
  message: text(),
  startedAt: Type.String({ format: "date-time" }),
  finishedAt: time(),
  retryCount: count(),
  syncResult: Type.Optional(syncResult),
});

const hydrationStatus = Type.Object({
  currentOperation: Type.Optional(
    Type.Object({
      phase: Type.Unsafe<string>({ type: "string", enum: ["Hydrating", "Failed", "Hydrated"] }),
      message: Type.String(),
      startedAt: time(),
      finishedAt: time(),
      drySHA: text(),
      hydratedSHA: text(),
      sourceHydrator: Type.Optional(hydratorSchema),
    }),
  ),
  lastComparedDryRevision: text(),
  lastSuccessfulOperation: Type.Optional(
    Type.Object({ drySHA: text(), hydratedSHA: text(), sourceHydrator: Type.Optional(hydratorSchema) }),
  ),
});

const syncStatus = Type.Object({
  status: Type.String(),
  revision: text(),
  revisions: texts(),
  comparedTo: Type.Optional(
    Type.Object({
      destination: destinationSchema,
      source: optionalSource,
      sources: optionalSources,
      ignoreDifferences,
    }),
  ),
});

/** `status` of an Application. */
export const statusSchema = Type.Object({
  sync: Type.Optional(syncStatus),
  health,
  resources: Type.Optional(Type.Array(resourceStatus)),
  operationState: Type.Optional(operationState),
  history: Type.Optional(Type.Array(historyEntry)),
  conditions: Type.Optional(
    Type.Array(Type.Object({ type: Type.String(), message: Type.String(), lastTransitionTime: time() })),
  ),
  summary: Type.Optional(Type.Object({ images: texts(), externalURLs: texts(), isAppOfApps: flag() })),
  sourceType: text(),
  sourceTypes: texts(),
  sourceHydrator: Type.Optional(hydrationStatus),
  reconciledAt: time(),
  observedAt: time(),
  controllerNamespace: text(),
  resourceHealthSource: text(),
});

/** The fields of `spec`. */
export type SpecFields = Type.Static<typeof specSchema>;

/** The fields of `operation`. */
export type OperationFields = Type.Static<typeof operationSchema>;

/** The fields of `status`. */
export type StatusFields = Type.Static<typeof statusSchema>;

/** The fields of a retry strategy. */
export type RetryFields = Type.Static<typeof retry>;
