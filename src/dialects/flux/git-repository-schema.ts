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

const include = Type.Object(
  {
    fromPath: Type.Optional(Type.String({ description: "Path to copy from, by default the root." })),
    repository: localReference("The repository whose content is included."),
    toPath: Type.Optional(Type.String({ description: "Path to copy to, by default the repository's name." })),
  },
  { description: "Content of another repository." },
);

const ref = Type.Object(
  {
    branch: Type.Optional(Type.String({ description: "Branch to follow, `master` when nothing else is given." })),
    commit: Type.Optional(Type.String({ description: "Commit to use; wins over every other field." })),
    name: Type.Optional(Type.String({ description: "Full reference name; wins over branch, tag and semver." })),
    semver: Type.Optional(Type.String({ description: "Version range over tags; wins over tag." })),
    tag: Type.Optional(Type.String({ description: "Tag to use; wins over branch." })),
  },
  { description: "What to follow, by default the `master` branch." },
);

const verify = Type.Object(
  {
    mode: Type.Optional(
      oneOf(["head", "HEAD", "Tag", "TagAndHEAD"], { default: "HEAD", description: "Which Git objects are verified." }),
    ),
    secretRef: localReference("Secret with the public keys of trusted authors."),
  },
  { description: "How signatures are verified." },
);

/** `spec` of a GitRepository: every field that upstream's v1 has. */
export const gitRepositorySpec = Type.Object(
  {
    ignore: Type.Optional(Type.String({ description: "Ignore rules that replace the default ones." })),
    include: Type.Optional(Type.Array(include, { description: "Content of other repositories." })),
    interval: duration("Longest time between two looks at the repository."),
    provider: Type.Optional(
      oneOf(["generic", "aws", "azure", "github"], { description: "How to authenticate, by default `generic`." }),
    ),
    proxySecretRef: Type.Optional(localReference("Secret with the proxy's address and credentials.")),
    recurseSubmodules: Type.Optional(Type.Boolean({ description: "Fetch submodules too." })),
    ref: Type.Optional(ref),
    secretRef: Type.Optional(localReference("Secret with the credentials.")),
    serviceAccountName: Type.Optional(
      Type.String({ description: "Service account that authenticates, for the providers aws and azure." }),
    ),
    sparseCheckout: Type.Optional(Type.Array(Type.String(), { description: "Directories to check out." })),
    suspend: Type.Optional(Type.Boolean({ description: "Stop following the repository." })),
    timeout: Type.Optional(
      Type.String({
        default: "60s",
        pattern: String.raw`^([0-9]+(\.[0-9]+)?(ms|s|m))+$`,
        description: "Bound of one Git operation.",
      }),
    ),
    url: Type.String({ pattern: "^(http|https|ssh)://.*$", description: "Address of the repository." }),
    verify: Type.Optional(verify),
  },
  {
    description: "Which repository is followed, and how.",
    "x-kubernetes-validations": [
      {
        rule: "!has(self.serviceAccountName) || (has(self.provider) && (self.provider == 'azure' || self.provider == 'aws'))",
        message: "serviceAccountName can only be set when provider is 'azure' or 'aws'",
      },
    ],
  },
);

/** The parsed `spec` of a GitRepository. */
export type GitRepositorySpec = Static<typeof gitRepositorySpec>;

/** `status` of a GitRepository. */
export const gitRepositoryStatus = Type.Object(
  {
    artifact: Type.Optional(artifact),
    conditions: Type.Optional(conditions),
    includedArtifacts: Type.Optional(Type.Array(artifact, { description: "Artifacts included last." })),
    lastHandledReconcileAt: Type.Optional(lastHandledReconcileAt),
    observedGeneration: Type.Optional(observedGeneration),
    observedIgnore: Type.Optional(Type.String({ description: "Ignore rules used for the artifact." })),
    observedInclude: Type.Optional(Type.Array(include, { description: "Includes used for the artifact." })),
    observedRecurseSubmodules: Type.Optional(Type.Boolean({ description: "Whether submodules were fetched." })),
    observedSparseCheckout: Type.Optional(Type.Array(Type.String(), { description: "Directories checked out." })),
    sourceVerificationMode: Type.Optional(Type.String({ description: "Verification mode used last." })),
  },
  { description: "What was observed.", default: { observedGeneration: -1 } },
);
