import Type from "typebox";
import { destinationSchema } from "./schema.ts";
import { count, flag, text, texts } from "./schema-parts.ts";

const kindLimit = Type.Object({ group: Type.String(), kind: Type.String() });
const namedKindLimit = Type.Object({ group: Type.String(), kind: Type.String(), name: text() });

const token = Type.Object({ iat: Type.Integer({ format: "int64" }), exp: count(), id: text() });
const tokens = Type.Optional(Type.Array(token));

const role = Type.Object({
  name: Type.String(),
  description: text(),
  policies: texts(),
  groups: texts(),
  jwtTokens: tokens,
});

const syncWindow = Type.Object({
  kind: text(),
  schedule: text(),
  duration: text(),
  timeZone: text(),
  applications: texts(),
  namespaces: texts(),
  clusters: texts(),
  manualSync: flag(),
  andOperator: flag(),
  syncOverrun: flag(),
  description: text(),
});

const gitPolicy = Type.Object({
  repos: Type.Array(Type.Object({ url: Type.String() })),
  gpg: Type.Object({ mode: Type.String(), keys: Type.Array(Type.String()) }),
});

/** `spec` of an AppProject. */
export const projectSpecSchema = Type.Object({
  description: Type.Optional(Type.String({ maxLength: 255 })),
  sourceRepos: texts(),
  sourceNamespaces: texts(),
  destinations: Type.Optional(Type.Array(destinationSchema)),
  permitOnlyProjectScopedClusters: flag(),
  destinationServiceAccounts: Type.Optional(
    Type.Array(Type.Object({ server: Type.String(), namespace: text(), defaultServiceAccount: Type.String() })),
  ),
  clusterResourceWhitelist: Type.Optional(Type.Array(namedKindLimit)),
  clusterResourceBlacklist: Type.Optional(Type.Array(namedKindLimit)),
  namespaceResourceWhitelist: Type.Optional(Type.Array(kindLimit)),
  namespaceResourceBlacklist: Type.Optional(Type.Array(kindLimit)),
  orphanedResources: Type.Optional(
    Type.Object({
      warn: flag(),
      ignore: Type.Optional(Type.Array(Type.Object({ group: text(), kind: text(), name: text() }))),
    }),
  ),
  roles: Type.Optional(Type.Array(role)),
  syncWindows: Type.Optional(Type.Array(syncWindow)),
  signatureKeys: Type.Optional(Type.Array(Type.Object({ keyID: Type.String() }))),
  sourceIntegrity: Type.Optional(Type.Object({ git: Type.Object({ policies: Type.Array(gitPolicy) }) })),
});

/** `status` of an AppProject. */
export const projectStatusSchema = Type.Object({
  jwtTokensByRole: Type.Optional(
    Type.Unsafe<unknown>({ type: "object", additionalProperties: Type.Object({ items: tokens }) }),
  ),
});

/** The fields of a project's `spec`. */
export type ProjectFields = Type.Static<typeof projectSpecSchema>;
