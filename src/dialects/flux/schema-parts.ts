import { Type } from "typebox";

/** Go durations as the vendor's CRDs admit them. */
export const durationPattern = String.raw`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`;

/** A duration field. */
export function duration(description: string, pattern = durationPattern) {
  return Type.String({ description, pattern });
}

/** A string field with a fixed set of values. */
export function oneOf<const Values extends readonly string[]>(values: Values, options: object = {}) {
  return Type.Unsafe<Values[number]>({ type: "string", enum: [...values], ...options });
}

/** A map from strings to strings. */
export function stringMap(description: string) {
  return Type.Unsafe<Record<string, string>>({
    type: "object",
    description,
    additionalProperties: { type: "string" },
  });
}

/** A reference to an object of a fixed kind in the same namespace. */
export function localReference(description: string) {
  return Type.Object({ name: Type.String({ description: "Name of the referent." }) }, { description });
}

/** Selects objects by group, version, kind, name, namespace, labels and annotations. */
export function selector(description: string) {
  return Type.Object(
    {
      group: Type.Optional(Type.String({ description: "API group to select." })),
      version: Type.Optional(Type.String({ description: "API version to select." })),
      kind: Type.Optional(Type.String({ description: "Kind to select." })),
      name: Type.Optional(Type.String({ description: "Name to match." })),
      namespace: Type.Optional(Type.String({ description: "Namespace to select from." })),
      labelSelector: Type.Optional(Type.String({ description: "Label selection expression." })),
      annotationSelector: Type.Optional(Type.String({ description: "Annotation selection expression." })),
    },
    { description },
  );
}

const condition = Type.Object(
  {
    lastTransitionTime: Type.String({ format: "date-time", description: "When the status changed last." }),
    message: Type.String({ maxLength: 32768, description: "Details for people." }),
    observedGeneration: Type.Optional(
      Type.Integer({ format: "int64", minimum: 0, description: "Generation that the condition was set for." }),
    ),
    reason: Type.String({
      minLength: 1,
      maxLength: 1024,
      pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
      description: "Why the status is what it is, in one word.",
    }),
    status: oneOf(["True", "False", "Unknown"], { description: "Status of the condition." }),
    type: Type.String({
      maxLength: 316,
      pattern: String.raw`^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$`,
      description: "Type of the condition.",
    }),
  },
  { description: "One aspect of the object's state." },
);

/** The `status.conditions` field. */
export const conditions = Type.Array(condition, { description: "Aspects of the object's state." });

/** The `status.lastHandledReconcileAt` field. */
export const lastHandledReconcileAt = Type.String({ description: "Value of the last reconcile request handled." });

/** The `status.observedGeneration` field. */
export const observedGeneration = Type.Integer({ format: "int64", description: "Generation observed last." });

/** An artifact in the status of a source. */
export const artifact = Type.Object(
  {
    digest: Type.Optional(
      Type.String({
        pattern: "^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$",
        description: "Digest of the content as `<algorithm>:<checksum>`.",
      }),
    ),
    lastUpdateTime: Type.String({ format: "date-time", description: "When the artifact was updated last." }),
    metadata: Type.Optional(stringMap("Upstream information such as annotations.")),
    path: Type.String({ description: "Relative path of the artifact." }),
    revision: Type.String({ description: "Human-readable identifier in the origin's own terms." }),
    size: Type.Optional(Type.Integer({ format: "int64", description: "Number of bytes." })),
    url: Type.String({ description: "Address of the artifact." }),
  },
  { description: "Output of the last successful fetch." },
);

/** The cluster that objects are applied to when it is another one. */
export const kubeConfig = Type.Object(
  {
    configMapRef: Type.Optional(localReference("ConfigMap that describes how to reach the remote cluster.")),
    secretRef: Type.Optional(
      Type.Object(
        {
          key: Type.Optional(Type.String({ description: "Key in the Secret, by default `value` or `value.yaml`." })),
          name: Type.String({ description: "Name of the Secret." }),
        },
        { description: "Secret that holds the kubeconfig of the remote cluster." },
      ),
    ),
  },
  {
    description: "The remote cluster to apply to.",
    "x-kubernetes-validations": [
      {
        rule: "has(self.configMapRef) || has(self.secretRef)",
        message: "exactly one of spec.kubeConfig.configMapRef or spec.kubeConfig.secretRef must be specified",
      },
      {
        rule: "!has(self.configMapRef) || !has(self.secretRef)",
        message: "exactly one of spec.kubeConfig.configMapRef or spec.kubeConfig.secretRef must be specified",
      },
    ],
  },
);

/** Expressions that judge one kind of objects. */
export const healthCheckExpr = Type.Object(
  {
    apiVersion: Type.String({ description: "API version of the objects judged." }),
    current: Type.String({ description: "Expression that says when an object is as desired." }),
    failed: Type.Optional(Type.String({ description: "Expression that says when an object has failed." })),
    inProgress: Type.Optional(Type.String({ description: "Expression that says when an object is on its way." })),
    kind: Type.String({ description: "Kind of the objects judged." }),
  },
  { description: "How the health of one kind of custom object is judged." },
);

/** An entry of a kustomization's `images`. */
export const image = Type.Object(
  {
    digest: Type.Optional(Type.String({ description: "Digest to use instead of the tag." })),
    name: Type.String({ description: "Image name without tag." }),
    newName: Type.Optional(Type.String({ description: "Name to use instead." })),
    newTag: Type.Optional(Type.String({ description: "Tag to use instead." })),
  },
  { description: "A replacement of an image." },
);

/** An entry of a kustomization's `patches`. */
export const patch = Type.Object(
  {
    patch: Type.String({ description: "Strategic merge patch, or a list of JSON patch operations, as YAML." }),
    target: Type.Optional(selector("Objects that the patch applies to.")),
  },
  { description: "A patch and its target." },
);

/** Fields that may differ without being drift. */
export const ignoreRule = Type.Object(
  {
    paths: Type.Array(Type.String(), { description: "JSON pointers of the fields left alone." }),
    target: Type.Optional(selector("Objects that the rule applies to.")),
  },
  { description: "Fields whose changes are left alone." },
);

/** Labels and annotations for all objects. */
export const commonMetadata = Type.Object(
  {
    annotations: Type.Optional(stringMap("Annotations added to every object.")),
    labels: Type.Optional(stringMap("Labels added to every object.")),
  },
  { description: "Metadata added to every object." },
);

/** The `status.inventory` field. */
export const inventory = Type.Object(
  {
    entries: Type.Array(
      Type.Object(
        {
          id: Type.String({ description: "Identity as `<namespace>_<name>_<group>_<kind>`." }),
          v: Type.String({ description: "API version." }),
        },
        { description: "An applied object." },
      ),
      { description: "The applied objects." },
    ),
  },
  { description: "The objects that were applied." },
);

/** Something to wait for, by default another object of the same kind. */
export const dependency = Type.Object(
  {
    apiVersion: Type.Optional(Type.String({ description: "API version of another kind; not in upstream." })),
    kind: Type.Optional(
      Type.String({ description: "Another kind of object, by default the kind of this one; not in upstream." }),
    ),
    name: Type.String({ description: "Name of the other object." }),
    namespace: Type.Optional(
      Type.String({ description: "Namespace of the other object, by default the namespace of this one." }),
    ),
    readyExpr: Type.Optional(
      Type.String({ description: "Expression that decides readiness instead of the built-in check." }),
    ),
  },
  { description: "An object to wait for." },
);
