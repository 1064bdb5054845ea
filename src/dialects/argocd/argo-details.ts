import type { App } from "#core/app/app.ts";
import type { Problem } from "#core/result.ts";
import type { ClusterNames, ClusterReach } from "./destination.ts";
import type { NamespaceMetadata } from "./own-namespace.ts";
import type { Project } from "./project.ts";
import type { SyncOptions } from "./sync-options.ts";

/** One entry of `spec.ignoreDifferences`: which objects, and the fields that do not matter there. */
export interface IgnoreRule {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly pointers: readonly string[];
  /** jq expressions. */
  readonly queries: readonly string[];
  readonly managers: readonly string[];
}

/** How orphans are told. */
export interface OrphanLimits {
  readonly namespace: string;
  readonly project: Project;
  readonly ignore: readonly { readonly group?: string; readonly kind?: string; readonly name?: string }[];
}

/** What this dialect's rules and reports read back from an app that it parsed. */
export interface ArgoDetails {
  /** The app's name in tracking ids. */
  readonly instance: string;
  readonly project: string;
  /** The cluster that the objects go to. */
  readonly cluster: ClusterNames & ClusterReach;
  readonly options: SyncOptions;
  readonly ignore: readonly IgnoreRule[];
  /** What the Namespace carries that is created for the app. */
  readonly namespaceMetadata: NamespaceMetadata;
  /** What the project wants to know of the namespace; null: nothing. */
  readonly orphans: OrphanLimits | null;
  /** Why the pending `operation` cannot be carried out, or null. */
  readonly operationProblem: string | null;
  readonly warnings: readonly Problem[];
}

/** The details of an app of this dialect. @throws TypeError for an app of another one, which is a bug. */
export function detailsOf(app: App): ArgoDetails {
  const { details } = app;
  if (typeof details !== "object" || details === null || !("instance" in details)) {
    throw new TypeError(`Cannot read details: ${app.key} was not parsed by this dialect`);
  }
  return details as ArgoDetails;
}
