import { type Static, Type } from "typebox";
import {
  artifact,
  conditions,
  duration,
  lastHandledReconcileAt,
  localReference,
  observedGeneration,
  oneOf,
  stringMap,
} from "./schema-parts.ts";

const accessFrom = Type.Object(
  {
    namespaceSelectors: Type.Array(
      Type.Object({ matchLabels: Type.Optional(stringMap("Labels that the namespace must have.")) }),
      { description: "Namespaces, of which one must fit." },
    ),
  },
  { description: "Namespaces that may refer to this object." },
);

/** `spec` of a HelmRepository: every field that upstream's v1 has. */
export const helmRepositorySpec = Type.Object(
  {
    accessFrom: Type.Optional(accessFrom),
    certSecretRef: Type.Optional(localReference("Secret with the server's authority and a client certificate.")),
    insecure: Type.Optional(Type.Boolean({ description: "Speak plain http to the registry of type `oci`." })),
    interval: Type.Optional(duration("Longest time between two looks at the index, by default 1m.")),
    passCredentials: Type.Optional(
      Type.Boolean({ description: "Send the credentials to other hosts too, where the index names them." }),
    ),
    provider: Type.Optional(
      oneOf(["generic", "aws", "azure", "gcp"], {
        default: "generic",
        description: "How to authenticate, by default `generic`.",
      }),
    ),
    secretRef: Type.Optional(localReference("Secret with the credentials.")),
    suspend: Type.Optional(Type.Boolean({ description: "Stop following the repository." })),
    timeout: Type.Optional(
      Type.String({ pattern: String.raw`^([0-9]+(\.[0-9]+)?(ms|s|m))+$`, description: "Bound of one fetch." }),
    ),
    type: Type.Optional(
      oneOf(["default", "oci"], { description: "Whether there is an index, or charts are in a registry." }),
    ),
    url: Type.String({ pattern: "^(http|https|oci)://.*$", description: "Address of the repository." }),
  },
  { description: "Which chart repository is followed, and how." },
);

/** The parsed `spec` of a HelmRepository. */
export type HelmRepositorySpec = Static<typeof helmRepositorySpec>;

/** `status` of a HelmRepository. */
export const helmRepositoryStatus = Type.Object(
  {
    artifact: Type.Optional(artifact),
    conditions: Type.Optional(conditions),
    lastHandledReconcileAt: Type.Optional(lastHandledReconcileAt),
    observedGeneration: Type.Optional(observedGeneration),
    url: Type.Optional(Type.String({ description: "Address of the index of the last fetch." })),
  },
  { description: "What was observed.", default: { observedGeneration: -1 } },
);
