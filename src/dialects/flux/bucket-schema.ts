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

const sts = Type.Object(
  {
    certSecretRef: Type.Optional(localReference("Secret with the authority and a client certificate.")),
    endpoint: Type.String({ pattern: "^(http|https)://.*$", description: "Address of the token service." }),
    provider: oneOf(["aws", "ldap"], { description: "Kind of the token service." }),
    secretRef: Type.Optional(localReference("Secret with the user and password for the token service.")),
  },
  { description: "Service that gives out temporary keys." },
);

/** `spec` of a Bucket: every field that upstream's v1 has. */
export const bucketSpec = Type.Object(
  {
    bucketName: Type.String({ description: "Name of the bucket." }),
    certSecretRef: Type.Optional(localReference("Secret with the endpoint's authority and a client certificate.")),
    endpoint: Type.String({ description: "Host, and port where it is another than the usual one." }),
    ignore: Type.Optional(Type.String({ description: "Ignore rules that replace the default ones." })),
    insecure: Type.Optional(Type.Boolean({ description: "Speak plain http to the endpoint." })),
    interval: duration("Longest time between two looks at the bucket."),
    prefix: Type.Optional(Type.String({ description: "Only keys that begin with it are used." })),
    provider: Type.Optional(
      oneOf(["generic", "aws", "gcp", "azure"], {
        default: "generic",
        description: "Whose storage it is, by default `generic`.",
      }),
    ),
    proxySecretRef: Type.Optional(localReference("Secret with the proxy's address and credentials.")),
    region: Type.Optional(Type.String({ description: "Region of the endpoint." })),
    secretRef: Type.Optional(localReference("Secret with the keys.")),
    serviceAccountName: Type.Optional(Type.String({ description: "Service account that authenticates." })),
    sts: Type.Optional(sts),
    suspend: Type.Optional(Type.Boolean({ description: "Stop following the bucket." })),
    timeout: Type.Optional(
      Type.String({
        default: "60s",
        pattern: String.raw`^([0-9]+(\.[0-9]+)?(ms|s|m))+$`,
        description: "Bound of one fetch.",
      }),
    ),
  },
  { description: "Which bucket is followed, and how." },
);

/** The parsed `spec` of a Bucket. */
export type BucketSpec = Static<typeof bucketSpec>;

/** `status` of a Bucket. */
export const bucketStatus = Type.Object(
  {
    artifact: Type.Optional(artifact),
    conditions: Type.Optional(conditions),
    lastHandledReconcileAt: Type.Optional(lastHandledReconcileAt),
    observedGeneration: Type.Optional(observedGeneration),
    observedIgnore: Type.Optional(Type.String({ description: "Ignore rules used for the artifact." })),
    url: Type.Optional(Type.String({ description: "Address of the artifact of the last fetch." })),
  },
  { description: "What was observed.", default: { observedGeneration: -1 } },
);
