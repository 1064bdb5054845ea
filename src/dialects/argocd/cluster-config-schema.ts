import Type from "typebox";
import { flag, text, texts, textMap } from "./schema-parts.ts";

/** `config` of a cluster's Secret. */
export const clusterConfigSchema = Type.Object({
  username: text(),
  password: text(),
  bearerToken: text(),
  tlsClientConfig: Type.Optional(
    Type.Object({ insecure: flag(), serverName: text(), caData: text(), certData: text(), keyData: text() }),
  ),
  awsAuthConfig: Type.Optional(Type.Object({ clusterName: text(), roleARN: text(), profile: text() })),
  execProviderConfig: Type.Optional(
    Type.Object({ command: text(), args: texts(), env: textMap(), apiVersion: text(), installHint: text() }),
  ),
  proxyUrl: text(),
  disableCompression: flag(),
});

/** The fields of `config`. */
export type ClusterConfig = Type.Static<typeof clusterConfigSchema>;
