import { APP_SHORT } from "./app-short.ts";
import { type App, appKey } from "#core/app/app.ts";
import { isFence } from "#core/app/adoption.ts";
import type { Lookup } from "#core/app/dialect.ts";
import { digestOf } from "#core/resource/digest.ts";
import type { Resource } from "#core/resource/resource.ts";
import { type Problem, ok, refused, type Result } from "#core/result.ts";
import { confirmationOf } from "./confirmation.ts";
import type { ArgoDetails, IgnoreRule } from "./argo-details.ts";
import { type Destination, disabledCluster, IN_CLUSTER, parseDestination } from "./destination.ts";
import { listAt, textAt, withoutNulls } from "./fields.ts";
import { openedBase } from "./open-source.ts";
import { orphanLimits } from "./orphans.ts";
import { parseOperation } from "./parse-operation.ts";
import { deletionProblems, usablePart, whatGoes } from "./parse-deleted.ts";
import { FINALIZER, parsePolicy } from "./parse-policy.ts";
import { rollbackOf } from "./rollback.ts";
import { parseSources, type SourceList, type SourcesContext, sourcesOf } from "./parse-sources.ts";
import { DEFAULT_PROJECT, findProject, type Project } from "./project.ts";
import { projectViolations, unpermittedSources } from "./project-violations.ts";
import { type WindowedApp, windowsOf } from "./sync-windows.ts";
import { impersonatedUser } from "./impersonation.ts";
import { refreshTokenOf } from "./refresh.ts";
import { comparedRevisions, recordedRevisions } from "./restore.ts";
import { type SpecFields, specSchema } from "./schema.ts";
import { schemaProblems } from "./schema-problems.ts";
import { syncOptionsOf } from "./spec-options.ts";
import type { ReadOptions } from "./sync-options.ts";
import { unreadableText } from "./setting-limits.ts";
import type { Installation } from "./settings.ts";
import { terminationOf } from "./termination.ts";
import { instanceName } from "./tracking.ts";
import { unsupportedFields } from "./unsupported-fields.ts";

/** Each of them is asked of each object that it may concern. */
const MAX_QUERIES = 1_000;
const FINALIZERS = [FINALIZER, `${FINALIZER}/foreground`, `${FINALIZER}/background`];

/**
 * Reads an Application; every reason why it cannot be used is a problem in the words its users know. What is wrong with
 * one that is being deleted keeps it only where nobody can tell where its objects are.
 */
export function parseApp(object: Resource, lookup: Lookup, settings: Installation): Result<App, readonly Problem[]> {
  const written = withoutNulls(object["spec"]);
  if (settings.argo.unreadable?.length) return refused(settings.argo.unreadable.map(unreadableText));
  const whole = { project: DEFAULT_PROJECT, destination: {}, ...(written as object) } as SpecFields;
  const deleting = textAt(object.metadata, "deletionTimestamp") !== "";
  const illTyped = deleting ? [] : [...schemaProblems(specSchema, whole, "spec"), ...unsupportedFields(whole)];
  if (illTyped.length > 0) return refused(illTyped);
  const spec = deleting ? usablePart(whole) : whole;

  const { polling, sync } = settings.argo;
  const context = sourcesContextOf(object, spec, { lookup, settings });
  const finalizer = finalizerOf(object);
  const options = syncOptionsOf(object, spec);
  const about = { name: textAt(object.metadata, "name"), finalizer, deleting, polling, sync, object };
  const { policy, problems } = parsePolicy(spec, options.options, about);
  const read = {
    sources: parseSources(spec, context),
    destination: parseDestination(spec.destination, context.inProject.project, lookup),
    project: findProject(context.inProject.project, lookup, settings),
    settings,
  };
  const all = deleting
    ? deletionProblems(object, { ...read, name: context.inProject.project })
    : allProblems(object, spec, { ...read, policy: problems });
  if (all.length > 0) return refused(all);
  const { sources, destination, project } = read;
  const parts = { spec, context, options, settings, deleting, finalizer, policy };
  if (deleting) return ok(appOf(object, { ...parts, ...whatGoes({ sources, destination, project, policy }) }));
  if (!sources.ok || !destination.ok) return refused(all);
  return ok(appOf(object, { ...parts, sources: sources.value, destination: destination.value, project }));
}

interface ReadSpec {
  readonly sources: ReturnType<typeof parseSources>;
  readonly destination: ReturnType<typeof parseDestination>;
  readonly project: Project | null;
  readonly settings: Installation;
}

function allProblems(
  object: Resource,
  spec: SpecFields,
  { sources, destination, project, settings, policy }: ReadSpec & { readonly policy: readonly Problem[] },
): readonly Problem[] {
  const found = { project, destination: destination.ok ? destination.value : null, settings };
  return [
    ...(sources.ok ? [] : sources.error),
    ...(destination.ok ? disabledCluster(destination.value, settings.argo.access) : destination.error),
    ...policy,
    ...ignoreProblems(spec),
    ...projectViolations(object, spec, found),
  ];
}

interface AppParts {
  readonly spec: SpecFields;
  readonly context: SourcesContext;
  readonly options: ReadOptions;
  readonly settings: Installation;
  readonly deleting: boolean;
  readonly finalizer: string | null;
  readonly policy: App["policy"];
  readonly sources: App["sources"];
  readonly destination: Destination;
  readonly project: Project | null;
}

function appOf(object: Resource, parts: AppParts): App {
  const { spec, context, settings, finalizer, policy, sources, destination, project } = parts;
  const name = textAt(object.metadata, "name");
  const operation = parseOperation(object, {
    spec,
    compared: comparedRevisions(object),
    isAutomated: policy.mode === "auto",
    isSigned: sources.some(({ inline }) => inline?.verification !== undefined),
    read: (given) => givenSources(given, context, project),
  });
  return {
    key: appKey(APP_SHORT, textAt(object.metadata, "namespace"), name),
    dialect: "argocd",
    object: addressOf(object),
    deleting: parts.deleting,
    // A fenced-off app is nobody's to touch, its deletion included.
    finalizer: { name: finalizer ?? FINALIZER, present: finalizer !== null && !isSkipped(object), ensure: false },
    sources,
    target: targetOf(destination, project, settings),
    openBase: (base) => openedBase(base, context.inProject),
    windows: windowsOf(project?.limits ?? {}, { name, ...windowPlace(destination) }),
    policy,
    dependsOn: [],
    suspended: isSkipped(object),
    refreshToken: refreshTokenOf(object),
    request: operation.request,
    termination: terminationOf(object),
    ...confirmationOf(object),
    ...rollbackOf(object).rollback,
    references: [],
    release: null,
    declares: null,
    healthExpressions: [],
    specDigest: specDigestOf(spec),
    details: detailsIn(object, spec, { ...parts, problem: operation.problem }),
  };
}

function windowPlace({ namespace, name, server }: Destination): Pick<WindowedApp, "namespace" | "clusters"> {
  return { namespace, clusters: [name, server] };
}

function targetOf(destination: Destination, project: Project | null, settings: Installation): App["target"] {
  const { held, namespace } = destination;
  const { impersonation } = settings.argo.access;
  const user = project && impersonation ? impersonatedUser(project, destination, settings.controlNamespace) : null;
  return {
    cluster: held?.name ?? IN_CLUSTER.name,
    kubeconfig: held,
    namespace: namespace || null,
    impersonate: user?.ok ? user.value : null,
  };
}

/** Of everything that decides what is synced. */
function specDigestOf(spec: SpecFields): string {
  const { syncOptions = [], managedNamespaceMetadata } = spec.syncPolicy ?? {};
  return digestOf([
    sourcesOf(spec),
    spec.destination,
    syncOptions,
    ...(managedNamespaceMetadata ? [managedNamespaceMetadata] : []),
  ]);
}

function detailsIn(
  object: Resource,
  spec: SpecFields,
  parsed: {
    options: ReadOptions;
    settings: Installation;
    problem: string | null;
    project: Project | null;
    destination: Destination;
  },
): ArgoDetails {
  const { name, server, reach } = parsed.destination;
  return {
    instance: instanceName(object, parsed.settings),
    project: spec.project || DEFAULT_PROJECT,
    cluster: { name, server, ...reach },
    options: parsed.options.options,
    ignore: ignoreRules(spec),
    namespaceMetadata: spec.syncPolicy?.managedNamespaceMetadata ?? {},
    operationProblem: parsed.problem,
    orphans: parsed.project && orphanLimits(parsed.project, parsed.destination),
    warnings: parsed.options.warnings,
  };
}

function sourcesContextOf(
  object: Resource,
  spec: SpecFields,
  { lookup, settings }: { lookup: Lookup; settings: Installation },
): SourcesContext {
  const { controlNamespace, argo } = settings;
  return {
    recorded: recordedRevisions(object, spec),
    settings: argo,
    plugins: settings.plugins,
    release: { name: textAt(object.metadata, "name"), namespace: spec.destination.namespace ?? "" },
    inProject: { project: spec.project || DEFAULT_PROJECT, lookup, controlNamespace, argo },
  };
}

/** Sources that an order names: what holds of the app's own holds of them. */
function givenSources(
  given: SourceList,
  context: SourcesContext,
  project: Project | null,
): ReturnType<typeof parseSources> {
  const refusals = [...unsupportedFields(given), ...unpermittedSources(given, project)];
  return refusals.length > 0 ? refused(refusals) : parseSources(given, { ...context, recorded: [] });
}

function ignoreRules(spec: SpecFields): IgnoreRule[] {
  return (spec.ignoreDifferences ?? []).map(({ group = "", kind, name = "", namespace = "", ...ignored }) => ({
    group,
    kind,
    name,
    namespace,
    pointers: ignored.jsonPointers ?? [],
    queries: ignored.jqPathExpressions ?? [],
    managers: ignored.managedFieldsManagers ?? [],
  }));
}

function ignoreProblems(spec: SpecFields): Problem[] {
  const rules = ignoreRules(spec);
  if (rules.flatMap(({ queries }) => queries).length > MAX_QUERIES) {
    const path = "spec.ignoreDifferences";
    return [{ path, message: `${path}: there are more than ${MAX_QUERIES} jqPathExpressions` }];
  }
  return rules.flatMap((rule, index) =>
    rule.pointers
      .filter((pointer) => !pointer.startsWith("/"))
      .map((pointer) => {
        const path = `spec.ignoreDifferences[${index}].jsonPointers`;
        return { path, message: `${path}: ${JSON.stringify(pointer.slice(0, 80))} is not a JSON pointer` };
      }),
  );
}

function finalizerOf(object: Resource): string | null {
  const present = listAt(object.metadata, "finalizers");
  return FINALIZERS.find((name) => present.includes(name)) ?? null;
}

function addressOf(object: Resource): App["object"] {
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    namespace: textAt(object.metadata, "namespace"),
    name: textAt(object.metadata, "name"),
    uid: textAt(object.metadata, "uid"),
    generation: object.metadata?.generation ?? 0,
  };
}

/** `skip-reconcile` fences the vendor's controller off; an app that was adopted here carries it for that very reason. */
function isSkipped(object: Resource): boolean {
  const annotations = object.metadata?.annotations ?? {};
  return annotations["argocd.argoproj.io/skip-reconcile"] === "true" && !isFence(annotations);
}
