import type { Asking, Params } from "#core/app/app-set.ts";
import { isEmptySelector, termsMatch } from "#core/policy/selector-terms.ts";
import { annotationsOf, labelsOf, type Resource } from "#core/resource/resource.ts";
import { IN_CLUSTER } from "../destination.ts";
import { textAt } from "../fields.ts";
import { withValues } from "./fill.ts";
import type { Making } from "./making.ts";
import { normalizedName } from "./params.ts";
import type { GeneratorFields } from "./set-schema.ts";

type ClusterFields = NonNullable<GeneratorFields["clusters"]>;

/** A cluster as parameters show it. */
export interface KnownCluster {
  readonly name: string;
  readonly server: string;
  readonly project: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Parameters of the clusters that Secrets declare, and of this one, which needs none. */
export function* clusterParams(fields: ClusterFields, making: Making): Asking<readonly Params[]> {
  const { selector = {}, values, flatList = false } = fields;
  const all = declaredClusters(making);
  const { inCluster } = making.installation.argo.access;
  const isDeclared = all.some(({ server }) => server === IN_CLUSTER.server);
  const local = !inCluster || isDeclared || !isEmptySelector(selector) ? [] : [null];
  const isThere = ({ server }: KnownCluster) => inCluster || server !== IN_CLUSTER.server;
  const chosen = all.filter((cluster) => isThere(cluster) && termsMatch(selector, cluster.labels));
  const sets = [...local, ...chosen].map((cluster) =>
    making.style.goTemplate ? goParams(cluster) : plainParams(cluster),
  );
  const filled = yield* withValues(making.style, values, sets);
  return flatList ? [{ clusters: filled }] : filled;
}

/** The clusters that Secrets declare, by name. */
export function declaredClusters({ lookup, installation }: Pick<Making, "lookup" | "installation">): KnownCluster[] {
  const secrets = lookup.all?.("Secret") ?? [];
  const isCluster = (secret: Resource) =>
    labelsOf(secret)["argocd.argoproj.io/secret-type"] === "cluster" &&
    secret.metadata.namespace === installation.controlNamespace;
  const read = (secret: Resource, key: string) => textOfBase64(textAt(secret["data"], key));
  return secrets
    .filter(isCluster)
    .map((secret) => ({
      name: read(secret, "name"),
      server: read(secret, "server"),
      project: read(secret, "project"),
      labels: labelsOf(secret),
      annotations: annotationsOf(secret),
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function textOfBase64(encoded: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(encoded), (character) => character.codePointAt(0) ?? 0));
}

function goParams(cluster: KnownCluster | null): Params {
  if (cluster === null) return { ...localParams(), metadata: {} };
  const { name, server, project, labels, annotations } = cluster;
  const metadata = {
    ...(Object.keys(annotations).length > 0 && { annotations }),
    ...(Object.keys(labels).length > 0 && { labels }),
  };
  return { name, nameNormalized: normalizedName(name), server, project, metadata };
}

function plainParams(cluster: KnownCluster | null): Params {
  if (cluster === null) return localParams();
  const { name, server, project, labels, annotations } = cluster;
  const flat: Record<string, string> = { name, nameNormalized: normalizedName(name), server, project };
  for (const [key, value] of Object.entries(annotations)) flat[`metadata.annotations.${key}`] = value;
  for (const [key, value] of Object.entries(labels)) flat[`metadata.labels.${key}`] = value;
  return flat;
}

function localParams(): Params {
  const { name, server } = IN_CLUSTER;
  return { name, nameNormalized: name, server, project: "" };
}
