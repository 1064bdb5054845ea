import Type from "typebox";
import { specSchema } from "../schema.ts";
import { anyObject, count, flag, text, texts, textMap, time } from "../schema-parts.ts";
import { anyTemplate, pullRequestSchema, scmProviderSchema } from "./provider-schema.ts";

const anyValue = () => Type.Unsafe<unknown>({ "x-kubernetes-preserve-unknown-fields": true });

const selector = Type.Optional(
  Type.Object({
    matchLabels: textMap(),
    matchExpressions: Type.Optional(
      Type.Array(Type.Object({ key: Type.String(), operator: Type.String(), values: texts() })),
    ),
  }),
);

const list = Type.Object({
  elements: Type.Optional(Type.Array(anyValue())),
  elementsYaml: text(),
  template: anyTemplate(),
});

const clusters = Type.Object({ selector, values: textMap(), flatList: flag(), template: anyTemplate() });

const place = Type.Object({ path: Type.String(), exclude: flag() });

const git = Type.Object({
  repoURL: Type.String(),
  revision: Type.String(),
  directories: Type.Optional(Type.Array(place)),
  files: Type.Optional(Type.Array(place)),
  pathParamPrefix: text(),
  values: textMap(),
  requeueAfterSeconds: count(),
  template: anyTemplate(),
});

const clusterDecisionResource = Type.Object({
  configMapRef: Type.String(),
  name: text(),
  labelSelector: selector,
  values: textMap(),
  requeueAfterSeconds: count(),
  template: anyTemplate(),
});

const plugin = Type.Object({
  configMapRef: Type.Object({ name: Type.String() }),
  input: Type.Optional(
    Type.Object({
      parameters: Type.Optional(
        Type.Unsafe<Readonly<Record<string, unknown>>>({ type: "object", additionalProperties: anyValue() }),
      ),
    }),
  ),
  values: textMap(),
  requeueAfterSeconds: count(),
  template: anyTemplate(),
});

/** Generators that ask nobody of their kind. */
const plain = {
  list: Type.Optional(list),
  clusters: Type.Optional(clusters),
  git: Type.Optional(git),
  scmProvider: Type.Optional(scmProviderSchema),
  pullRequest: Type.Optional(pullRequestSchema),
  clusterDecisionResource: Type.Optional(clusterDecisionResource),
  plugin: Type.Optional(plugin),
  selector,
};

/** Below the second level definitions say nothing: they cannot be recursive. */
const nested = Type.Object({ ...plain, matrix: anyObject(), merge: anyObject() });
const generators = Type.Array(nested);

const generator = Type.Object({
  ...plain,
  matrix: Type.Optional(Type.Object({ generators, template: anyTemplate() })),
  merge: Type.Optional(Type.Object({ generators, mergeKeys: Type.Array(Type.String()), template: anyTemplate() })),
});

/** The fields of one generator, at whatever depth. */
export const generatorSchema = Type.Object({ ...plain, matrix: anyObject(), merge: anyObject() });

const template = Type.Object({
  metadata: Type.Object({
    name: text(),
    namespace: text(),
    labels: textMap(),
    annotations: textMap(),
    finalizers: texts(),
  }),
  spec: specSchema,
});

const step = Type.Object({
  matchExpressions: Type.Optional(Type.Array(Type.Object({ key: text(), operator: text(), values: texts() }))),
  maxUpdate: Type.Optional(
    Type.Unsafe<number | string>({
      anyOf: [{ type: "integer" }, { type: "string" }],
      "x-kubernetes-int-or-string": true,
    }),
  ),
});

const strategy = Type.Object({
  type: text(),
  deletionOrder: text(),
  rollingSync: Type.Optional(Type.Object({ steps: Type.Optional(Type.Array(step)) })),
});

/** `spec` of an ApplicationSet. */
export const setSpecSchema = Type.Object({
  goTemplate: flag(),
  goTemplateOptions: texts(),
  applyNestedSelectors: flag(),
  generators: Type.Array(generator),
  template,
  templatePatch: text(),
  syncPolicy: Type.Optional(
    Type.Object({
      preserveResourcesOnDeletion: flag(),
      applicationsSync: Type.Optional(
        Type.Unsafe<string>({ type: "string", enum: ["create-only", "create-update", "create-delete", "sync"] }),
      ),
    }),
  ),
  strategy: Type.Optional(strategy),
  preservedFields: Type.Optional(Type.Object({ annotations: texts(), labels: texts() })),
  ignoreApplicationDifferences: Type.Optional(
    Type.Array(Type.Object({ name: text(), jsonPointers: texts(), jqPathExpressions: texts() })),
  ),
});

const row = Type.Object({
  group: text(),
  version: text(),
  kind: text(),
  namespace: text(),
  name: text(),
  status: text(),
  health: Type.Optional(Type.Object({ status: text(), message: text(), lastTransitionTime: time() })),
  hook: flag(),
  requiresPruning: flag(),
  requiresDeletionConfirmation: flag(),
  syncWave: count(),
});

/** `status` of an ApplicationSet. */
export const setStatusSchema = Type.Object({
  conditions: Type.Optional(
    Type.Array(
      Type.Object({
        type: Type.String(),
        status: Type.String(),
        reason: Type.String(),
        message: Type.String(),
        lastTransitionTime: time(),
      }),
    ),
  ),
  applicationStatus: Type.Optional(
    Type.Array(
      Type.Object({
        application: Type.String(),
        status: Type.String(),
        step: Type.String(),
        message: Type.String(),
        targetRevisions: Type.Array(Type.String()),
        lastTransitionTime: time(),
      }),
    ),
  ),
  resources: Type.Optional(Type.Array(row)),
  resourcesCount: count(),
});

/** The fields of `spec`. */
export type SetSpecFields = Type.Static<typeof setSpecSchema>;

/** The fields of one generator. */
export type GeneratorFields = Type.Static<typeof generatorSchema>;

/** The fields of `status`. */
export type SetStatusFields = Type.Static<typeof setStatusSchema>;
