import { ADOPTED_ANNOTATION, wasSuspended } from "#core/app/adoption.ts";
import { fieldAt, textAt } from "#core/health/condition.ts";
import { idOf, idText, joinApiVersion, keyOf } from "#core/resource/resource-id.ts";
import { annotationsOf, labelsOf, type Resource } from "#core/resource/resource.ts";
import { CliError } from "#cli/cli-error.ts";
import type { ConnectionOptions } from "#cli/connection-options.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { ExportActions, ExportView } from "#cli/export.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { type AppRecord, findApp } from "./cli-app-record.ts";
import { markPaths } from "./cli-mark-paths.ts";
import { withClient } from "./cli-session.ts";
import { sourceReader } from "./dialects.ts";

/** Reads objects as somebody would have written them. */
export const exportActions: ExportActions = {
  export: (query, signal) => withClient(query, (client) => exported(client, query, signal), signal),
};

async function exported(
  client: ClusterClient,
  query: ConnectionOptions & { name: string },
  signal: AbortSignal,
): Promise<ExportView> {
  const record = await findApp(client, query, signal);
  const found = await sourcesOf(client, record, signal);
  const notes: string[] = [];
  const objects = [...found, record.object].map((object) => {
    const { apiVersion, kind } = object;
    const spec = withoutPasswords(specOf(object, record));
    const clean = { apiVersion, kind, metadata: metadataOf(object, record), ...(spec !== undefined && { spec }) };
    if (JSON.stringify(spec) !== JSON.stringify(specOf(object, record))) {
      notes.push(`The password in a URL of ${idText(idOf(object))} is left out: keep it in a Secret.`);
    }
    return clean as unknown as Resource;
  });
  return { objects, notes };
}

/** The source objects of an app, and those that they are made of in turn; what an app carries itself is in it. */
async function sourcesOf(client: ClusterClient, record: AppRecord, signal: AbortSignal): Promise<readonly Resource[]> {
  const declared = record.parsed.ok ? record.parsed.value.sources : [];
  const wanted = declared.flatMap(({ source, inline }) => (inline ? [] : [source as string]));
  const objects = new Map<string, Resource>();
  for (let address = wanted.shift(); address !== undefined; address = wanted.shift()) {
    const [kindName = "", namespace = "", name = ""] = address.split("/");
    const kind = sourceReader(kindName)?.kind;
    if (!kind) continue;
    const ref = { apiVersion: joinApiVersion(kind), kind: kindName, namespace, name };
    const object = await client.get(ref, { signal });
    if (!object) {
      const advice = "Create it first: holdfast create source NAME --url URL";
      const message = `Cannot export ${record.key}: ${address}, which it refers to, is not there`;
      throw new CliError(message, { advice, exitCode: exitCode.notFound });
    }
    if (objects.has(keyOf(object))) continue;
    if (!isDeclared(record, object)) objects.set(keyOf(object), object);
    const [next, nextName] = ["kind", "name"].map((field) => textAt(object, ["spec", "sourceRef", field]));
    if (next && nextName) wanted.push(`${next}/${namespace}/${nextName}`);
  }
  return [...objects.values()].reverse();
}

/** Whether the app makes the object itself, as a release makes its chart. */
function isDeclared({ parsed }: AppRecord, object: Resource): boolean {
  return parsed.ok && parsed.value.declares !== null && keyOf(parsed.value.declares) === keyOf(object);
}

/** Annotations that are orders or notes of a moment, and what tools keep for themselves. */
const passing: readonly RegExp[] = [
  /^kubectl\.kubernetes\.io\/last-applied-configuration$/,
  /^holdfast\.dev\//,
  /^reconcile\.fluxcd\.io\/(requestedAt|forceAt|resetAt)$/,
  /^argocd\.argoproj\.io\/(refresh|hydrate)$/,
];
/** Whether deleting an Application deletes its objects is the choice of who wrote it. */
const chosenFinalizer = /^resources-finalizer\.argocd\.argoproj\.io/;
const SKIP_ANNOTATION = "argocd.argoproj.io/skip-reconcile";

function metadataOf(object: Resource, record: AppRecord): Record<string, unknown> {
  const { name, namespace, finalizers = [] } = object.metadata;
  const isKept = (member: "labels" | "annotations") => (key: string) =>
    !passing.some((pattern) => pattern.test(key)) &&
    !markPaths.includes(`/metadata/${member}/${key.replaceAll("/", "~1")}`) &&
    !(key === SKIP_ANNOTATION && object === record.object && isSwitchedByUs(object));
  const labels = picked(labelsOf(object), isKept("labels"));
  const annotations = picked(annotationsOf(object), isKept("annotations"));
  const kept = finalizers.filter((finalizer) => chosenFinalizer.test(finalizer));
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
    ...(kept.length > 0 && { finalizers: kept }),
  };
}

/** An adopted app is suspended for the vendor's controller only. */
function specOf(object: Resource, { object: app, dialect }: AppRecord): unknown {
  const spec = object["spec"];
  if (object !== app || dialect.name === "argocd" || !isSwitchedByUs(object)) return spec;
  const { suspend: _ours, ...rest } = (spec ?? {}) as Record<string, unknown>;
  return fieldAt(spec, ["suspend"]) === undefined ? spec : rest;
}

function isSwitchedByUs(object: Resource): boolean {
  const adopted = annotationsOf(object)[ADOPTED_ANNOTATION];
  return adopted !== undefined && !wasSuspended(adopted);
}

function withoutPasswords(value: unknown): unknown {
  if (typeof value === "string") return value.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@\s:]*:[^/@\s]*@/i, "$1");
  if (Array.isArray(value)) return value.map(withoutPasswords);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withoutPasswords(one)]));
}

function picked(map: Readonly<Record<string, string>>, isKept: (key: string) => boolean): Record<string, string> {
  return Object.fromEntries(Object.entries(map).filter(([key]) => isKept(key)));
}
