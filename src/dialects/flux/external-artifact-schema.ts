import { Type } from "typebox";
import { artifact, conditions } from "./schema-parts.ts";

/** `spec` of an ExternalArtifact: every field that upstream's v1 has. */
export const externalArtifactSpec = Type.Object(
  {
    sourceRef: Type.Optional(
      Type.Object(
        {
          apiVersion: Type.Optional(Type.String({ description: "API version of the object." })),
          kind: Type.String({ description: "Kind of the object." }),
          name: Type.String({ description: "Name of the object." }),
          namespace: Type.Optional(
            Type.String({ description: "Namespace of the object, by default that of the ExternalArtifact." }),
          ),
        },
        { description: "The object that the artifact is made for." },
      ),
    ),
  },
  { description: "What the artifact is made for." },
);

/** `status` of an ExternalArtifact, which whoever makes the artifact writes. */
export const externalArtifactStatus = Type.Object(
  { artifact: Type.Optional(artifact), conditions: Type.Optional(conditions) },
  { description: "The artifact, as its maker tells of it." },
);
