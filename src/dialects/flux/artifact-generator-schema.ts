import { type Static, Type } from "typebox";
import { commonMetadata, conditions, lastHandledReconcileAt, oneOf } from "./schema-parts.ts";

const aliasPattern = "^[a-z0-9]([a-z0-9_-]*[a-z0-9])?$";
const atAlias = "^@([a-z0-9]([a-z0-9_-]*[a-z0-9])?)$";
const atAliasPath = "^@([a-z0-9]([a-z0-9_-]*[a-z0-9])?)/(.*)$";

const source = Type.Object(
  {
    alias: Type.String({ maxLength: 63, pattern: aliasPattern, description: "What the source is called here." }),
    kind: oneOf(["Bucket", "GitRepository", "OCIRepository", "HelmChart", "ExternalArtifact"], {
      description: "Kind of the source.",
    }),
    name: Type.String({
      maxLength: 253,
      pattern: "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
      description: "Name of the source.",
    }),
    namespace: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 63,
        pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        description: "Namespace of the source, by default that of the generator.",
      }),
    ),
  },
  { description: "A source that is read." },
);

const copyStep = Type.Object(
  {
    exclude: Type.Optional(
      Type.Array(Type.String({ maxLength: 1024 }), { maxItems: 100, description: "Patterns of what is not copied." }),
    ),
    from: Type.String({ maxLength: 1024, pattern: atAliasPath, description: "What is copied: `@<alias>/<pattern>`." }),
    strategy: Type.Optional(
      oneOf(["Overwrite", "Merge", "Extract"], {
        description:
          "`Overwrite` (the default), `Merge` for YAML files as values of charts are merged, `Extract` for archives.",
      }),
    ),
    to: Type.String({
      maxLength: 1024,
      pattern: "^@(artifact)/(.*)$",
      description: "Where it goes: `@artifact/<path>`.",
    }),
  },
  { description: "Copies files of a source." },
);

const output = Type.Object(
  {
    copy: Type.Array(copyStep, { minItems: 1, description: "What is copied, in this order." }),
    name: Type.String({
      maxLength: 1024,
      description: "Name of the ExternalArtifact; names of `pathPattern` are filled in.",
    }),
    originRevision: Type.Optional(
      Type.String({ maxLength: 64, pattern: atAlias, description: "The source whose revision is told of besides." }),
    ),
    revision: Type.Optional(
      Type.String({
        maxLength: 64,
        pattern: atAlias,
        description: "The source whose revision is that of the artifact, by default its content's digest.",
      }),
    ),
  },
  { description: "An artifact that is made." },
);

/** `spec` of an ArtifactGenerator: every field that upstream's v1beta1 has in its release 2.2. */
export const artifactGeneratorSpec = Type.Object(
  {
    artifacts: Type.Array(output, { minItems: 1, maxItems: 1000, description: "The artifacts that are made." }),
    commonMetadata: Type.Optional(commonMetadata),
    pathPattern: Type.Optional(
      Type.String({
        maxLength: 1024,
        pattern: atAliasPath,
        description: "`@<alias>/<path>` with names in braces: every folder that matches makes every artifact.",
      }),
    ),
    sources: Type.Array(source, { minItems: 1, maxItems: 1000, description: "The sources that are read." }),
  },
  { description: "Which artifacts are made of which sources." },
);

/** The parsed `spec` of an ArtifactGenerator. */
export type ArtifactGeneratorSpec = Static<typeof artifactGeneratorSpec>;

const made = Type.Object(
  {
    digest: Type.String({ description: "Digest of the artifact." }),
    filename: Type.String({ description: "Name of the artifact's file." }),
    name: Type.String({ description: "Name of the ExternalArtifact." }),
    namespace: Type.String({ description: "Namespace of the ExternalArtifact." }),
  },
  { description: "An artifact that was made." },
);

/** `status` of an ArtifactGenerator. */
export const artifactGeneratorStatus = Type.Object(
  {
    conditions: Type.Optional(conditions),
    inventory: Type.Optional(Type.Array(made, { description: "The artifacts that were made." })),
    lastHandledReconcileAt: Type.Optional(lastHandledReconcileAt),
    observedSourcesDigest: Type.Optional(Type.String({ description: "Digest of what the sources were." })),
  },
  { description: "What was observed." },
);
