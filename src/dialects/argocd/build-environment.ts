import type { App } from "#core/app/app.ts";
import type { RenderFacts } from "#core/app/dialect.ts";
import { targetRevisionOf } from "./source-address.ts";
import type { SourceFields } from "./source-schema.ts";

/** The variables that a source may name, by name. */
export type BuildEnvironment = Readonly<Record<string, string>>;

/** Names of all variables, whatever they stand for. */
export const BUILD_VARIABLES: ReadonlySet<string> = new Set([
  "ARGOCD_APP_NAME",
  "ARGOCD_APP_NAMESPACE",
  "ARGOCD_APP_PROJECT_NAME",
  "ARGOCD_APP_REVISION",
  "ARGOCD_APP_REVISION_SHORT",
  "ARGOCD_APP_REVISION_SHORT_8",
  "ARGOCD_APP_SOURCE_PATH",
  "ARGOCD_APP_SOURCE_REPO_URL",
  "ARGOCD_APP_SOURCE_TARGET_REVISION",
  "KUBE_VERSION",
  "KUBE_API_VERSIONS",
]);

/** What the variables stand for in one source of an app. */
export function buildEnvironment(
  app: Pick<App, "target"> & { readonly instance: string; readonly project: string },
  fields: SourceFields,
  { revision, cluster }: Pick<RenderFacts, "revision" | "cluster">,
): BuildEnvironment {
  const { text } = revision;
  return {
    ARGOCD_APP_NAME: app.instance,
    ARGOCD_APP_NAMESPACE: app.target.namespace ?? "",
    ARGOCD_APP_PROJECT_NAME: app.project,
    ARGOCD_APP_REVISION: text,
    ARGOCD_APP_REVISION_SHORT: text.slice(0, 7),
    ARGOCD_APP_REVISION_SHORT_8: text.slice(0, 8),
    ARGOCD_APP_SOURCE_PATH: fields.path ?? "",
    ARGOCD_APP_SOURCE_REPO_URL: fields.repoURL,
    ARGOCD_APP_SOURCE_TARGET_REVISION: targetRevisionOf(fields),
    KUBE_VERSION: plainVersion(cluster?.kubeVersion ?? ""),
    KUBE_API_VERSIONS: (cluster?.apiVersions ?? []).join(","),
  };
}

/** A version as the vendor shows it: without a letter before and what a distribution adds. */
export function plainVersion(version: string): string {
  return version.replace(/^v/, "").replace(/[+].*$/, "");
}

const VARIABLE = /\$(?:\{[^}]*\}|[*#$@!?\-0-9]|[A-Za-z_][A-Za-z0-9_]*)/g;

/** A text with `$name` and `${name}` replaced: what is not known is nothing, `$$` is a dollar. */
export function substituted(text: string, environment: BuildEnvironment): string {
  return text.replace(VARIABLE, (found) => {
    const name = found.slice(1).replace(/^\{|\}$/g, "");
    if (name === "$") return "$";
    return Object.hasOwn(environment, name) ? (environment[name] as string) : "";
  });
}
