import Type from "typebox";
import { anyObject, flag, text, texts, textMap } from "./schema-parts.ts";

const nameValue = Type.Object({ name: Type.String(), value: Type.String() });

/** Name and value pairs for people. */
export const infoSchema = Type.Optional(Type.Array(nameValue));

const jsonnetVariables = Type.Optional(
  Type.Array(Type.Object({ name: Type.String(), value: Type.String(), code: flag() })),
);

const directory = Type.Object({
  recurse: flag(),
  include: text(),
  exclude: text(),
  disableExtensionFilter: flag(),
  jsonnet: Type.Optional(Type.Object({ extVars: jsonnetVariables, tlas: jsonnetVariables, libs: texts() })),
});

const helm = Type.Object({
  valueFiles: texts(),
  values: text(),
  valuesObject: anyObject(),
  parameters: Type.Optional(Type.Array(Type.Object({ name: text(), value: text(), forceString: flag() }))),
  fileParameters: Type.Optional(Type.Array(Type.Object({ name: text(), path: text() }))),
  releaseName: text(),
  namespace: text(),
  version: text(),
  kubeVersion: text(),
  apiVersions: texts(),
  passCredentials: flag(),
  ignoreMissingValueFiles: flag(),
  skipCrds: flag(),
  skipTests: flag(),
  skipSchemaValidation: flag(),
});

const patchTarget = Type.Object({
  group: text(),
  version: text(),
  kind: text(),
  name: text(),
  namespace: text(),
  labelSelector: text(),
  annotationSelector: text(),
});

const patch = Type.Object({
  patch: text(),
  path: text(),
  target: Type.Optional(patchTarget),
  options: Type.Optional(
    Type.Unsafe<Readonly<Record<string, boolean>>>({ type: "object", additionalProperties: { type: "boolean" } }),
  ),
});

const replicaCount = Type.Object({
  name: Type.String(),
  count: Type.Unsafe<number | string>({
    anyOf: [{ type: "integer" }, { type: "string" }],
    "x-kubernetes-int-or-string": true,
  }),
});

const kustomize = Type.Object({
  namespace: text(),
  namePrefix: text(),
  nameSuffix: text(),
  images: texts(),
  replicas: Type.Optional(Type.Array(replicaCount)),
  patches: Type.Optional(Type.Array(patch)),
  components: texts(),
  ignoreMissingComponents: flag(),
  commonLabels: textMap(),
  forceCommonLabels: flag(),
  labelWithoutSelector: flag(),
  labelIncludeTemplates: flag(),
  commonAnnotations: textMap(),
  forceCommonAnnotations: flag(),
  commonAnnotationsEnvsubst: flag(),
  version: text(),
  kubeVersion: text(),
  apiVersions: texts(),
});

const plugin = Type.Object({
  name: text(),
  env: infoSchema,
  parameters: Type.Optional(Type.Array(Type.Object({ name: text(), string: text(), array: texts(), map: textMap() }))),
});

/** Where manifests come from: `spec.source`, and every place that repeats it. */
export const sourceSchema = Type.Object({
  repoURL: Type.String(),
  path: text(),
  targetRevision: text(),
  tagPrefix: text(),
  name: text(),
  ref: text(),
  chart: text(),
  directory: Type.Optional(directory),
  helm: Type.Optional(helm),
  kustomize: Type.Optional(kustomize),
  plugin: Type.Optional(plugin),
});

const drySource = Type.Object({
  repoURL: Type.String(),
  path: Type.String(),
  targetRevision: Type.String(),
  directory: Type.Optional(directory),
  helm: Type.Optional(helm),
  kustomize: Type.Optional(kustomize),
  plugin: Type.Optional(plugin),
});

const syncSource = Type.Object({
  repoURL: text(),
  targetBranch: Type.String(),
  path: Type.String({ minLength: 1, pattern: "^.{2,}|[^./]$" }),
});

/** Manifests that are rendered into a branch first. */
export const hydratorSchema = Type.Object({
  drySource,
  syncSource,
  hydrateTo: Type.Optional(Type.Object({ targetBranch: Type.String() })),
});

/** The fields of `spec.source`. */
export type SourceFields = Type.Static<typeof sourceSchema>;

/** The fields of `spec.source.directory`. */
export type DirectoryFields = Type.Static<typeof directory>;

/** The fields of `spec.source.helm`. */
export type HelmFields = Type.Static<typeof helm>;

/** The fields of `spec.source.plugin`. */
export type PluginFields = Type.Static<typeof plugin>;

/** The fields of `spec.source.kustomize`. */
export type KustomizeFields = Type.Static<typeof kustomize>;
