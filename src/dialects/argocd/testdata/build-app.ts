import { usualSettings } from "#core/app/settings.ts";
import type { App } from "#core/app/app.ts";
import type { Lookup } from "#core/app/dialect.ts";
import type { Resource } from "#core/resource/resource.ts";
import { argoDialect } from "../argo-dialect.ts";

/** Finds nothing. */
export const nothing: Lookup = () => null;

/** Finds one project by its name. */
export function projectLookup(name: string, spec: Readonly<Record<string, unknown>>): Lookup {
  const object = {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "AppProject",
    metadata: { name, namespace: "argocd" },
    spec,
  };
  return (kind, namespace, wanted) =>
    kind === "AppProject" && namespace === "argocd" && wanted === name ? object : null;
}

/** An Application with a usable spec over which the given fields are laid. */
export function application(spec: Readonly<Record<string, unknown>> = {}, rest: Record<string, unknown> = {}): Resource {
  const { metadata, ...other } = rest as { metadata?: Record<string, unknown> };
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name: "shop", namespace: "argocd", uid: "u1", ...metadata },
    spec: {
      project: "default",
      source: { repoURL: "https://git.example/shop.git", path: "deploy", targetRevision: "main" },
      destination: { server: "https://kubernetes.default.svc", namespace: "shop" },
      ...spec,
    },
    ...other,
  };
}

/** The app parsed from an Application that must be usable. */
export function parsed(object: Resource, lookup: Lookup = nothing): App {
  const result = argoDialect.parseApp(object, lookup, usualSettings("argocd"));
  if (!result.ok) throw new Error(result.error.map((problem) => problem.message).join("; "));
  return result.value;
}

/** What is wrong with an Application, as `path: message`. */
export function problemsOf(object: Resource, lookup: Lookup = nothing): string[] {
  const result = argoDialect.parseApp(object, lookup, usualSettings("argocd"));
  return result.ok ? [] : result.error.map((problem) => problem.message);
}
