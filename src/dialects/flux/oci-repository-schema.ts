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

const layerSelector = Type.Object(
  {
    mediaType: Type.Optional(
      Type.String({ description: "Media type of the layer, by default that of the first one." }),
    ),
    operation: Type.Optional(
      oneOf(["extract", "copy"], { description: "Whether the layer is unpacked, or is itself the content." }),
    ),
  },
  { description: "Which layer of the artifact is used." },
);

const ref = Type.Object(
  {
    digest: Type.Optional(Type.String({ description: "Digest to use; wins over every other field." })),
    semver: Type.Optional(Type.String({ description: "Version range over tags; wins over tag." })),
    semverFilter: Type.Optional(Type.String({ description: "Regular expression that tags must match first." })),
    tag: Type.Optional(Type.String({ description: "Tag to follow, by default `latest`." })),
  },
  { description: "What to follow, by default the tag `latest`." },
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
    provider: oneOf(["cosign", "notation"], { default: "cosign", description: "How artifacts are signed." }),
    secretRef: Type.Optional(localReference("Secret with the public keys of trusted authors.")),
    trustedRootSecretRef: Type.Optional(localReference("Secret with the trusted root of a private transparency log.")),
  },
  { description: "How signatures are verified." },
);

/** `spec` of an OCIRepository: every field that upstream's v1 has. */
export const ociRepositorySpec = Type.Object(
  {
    certSecretRef: Type.Optional(localReference("Secret with the registry's authority and a client certificate.")),
    ignore: Type.Optional(Type.String({ description: "Ignore rules that replace the default ones." })),
    insecure: Type.Optional(Type.Boolean({ description: "Speak plain http to the registry." })),
    interval: duration("Longest time between two looks at the registry."),
    layerSelector: Type.Optional(layerSelector),
    provider: Type.Optional(
      oneOf(["generic", "aws", "azure", "gcp"], {
        default: "generic",
        description: "How to authenticate, by default `generic`.",
      }),
    ),
    proxySecretRef: Type.Optional(localReference("Secret with the proxy's address and credentials.")),
    ref: Type.Optional(ref),
    secretRef: Type.Optional(localReference("Secret with the credentials.")),
    serviceAccountName: Type.Optional(Type.String({ description: "Service account whose pull secrets authenticate." })),
    suspend: Type.Optional(Type.Boolean({ description: "Stop following the artifact." })),
    timeout: Type.Optional(
      Type.String({
        default: "60s",
        pattern: String.raw`^([0-9]+(\.[0-9]+)?(ms|s|m))+$`,
        description: "Bound of one operation of the registry.",
      }),
    ),
    url: Type.String({ pattern: "^oci://.*$", description: "Address of the artifact without tag." }),
    verify: Type.Optional(verify),
  },
  { description: "Which artifact is followed, and how." },
);

/** The parsed `spec` of an OCIRepository. */
export type OciRepositorySpec = Static<typeof ociRepositorySpec>;

/** `status` of an OCIRepository. */
export const ociRepositoryStatus = Type.Object(
  {
    artifact: Type.Optional(artifact),
    conditions: Type.Optional(conditions),
    lastHandledReconcileAt: Type.Optional(lastHandledReconcileAt),
    observedGeneration: Type.Optional(observedGeneration),
    observedIgnore: Type.Optional(Type.String({ description: "Ignore rules used for the artifact." })),
    observedLayerSelector: Type.Optional(layerSelector),
    url: Type.Optional(Type.String({ description: "Address of the artifact of the last fetch." })),
  },
  { description: "What was observed.", default: { observedGeneration: -1 } },
);
