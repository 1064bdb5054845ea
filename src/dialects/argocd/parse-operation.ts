import type { SelectedObject, SyncRequest } from "#core/app/app.ts";
import { digestOf } from "#core/resource/digest.ts";
import type { Resource } from "#core/resource/resource.ts";
import { stableText } from "#core/resource/stable-text.ts";
import { fieldAt, textAt, withoutNulls } from "./fields.ts";
import { givenManifests, type GivenTo } from "./given-manifests.ts";
import { type OrderContext, orderedRevisions, orderedSources } from "./ordered-sources.ts";
import { parseRetry } from "./parse-policy.ts";
import { type OperationFields, operationSchema, type SpecFields } from "./schema.ts";
import { schemaProblems } from "./schema-problems.ts";

/** A person's order to sync, or why the one that stands there cannot be carried out. */
export interface ParsedOperation {
  readonly request: SyncRequest | null;
  readonly problem: string | null;
}

/** Reads the top-level `operation`. A bad one is refused by itself: the app goes on. */
export function parseOperation(object: Resource, context: OrderContext & GivenTo): ParsedOperation {
  const { spec } = context;
  const raw = withoutNulls(object["operation"]);
  if (raw === undefined || raw === null || stableText(raw) === "{}") return { request: null, problem: null };
  const illTyped = schemaProblems(operationSchema, raw, "operation")[0];
  if (illTyped) return { request: null, problem: illTyped.message };
  const operation = raw as OperationFields;
  if (!operation.sync) return { request: null, problem: "Invalid operation request: no operation specified" };
  const retry = parseRetry(operation.retry, 0, "operation.retry");
  const given = givenManifests(operation.sync, context);
  if (!given.ok) return { request: null, problem: given.error };
  const sources = orderedSources(operation.sync, context);
  const problem = retry.problems[0]?.message ?? (sources.ok ? null : sources.error);
  if (problem !== null || !sources.ok) return { request: null, problem };
  const request = requestOf(operation, spec, operationToken(object, raw));
  const objects = given.value && { given: given.value };
  return { request: { ...request, ...sources.value, ...objects, retry: retry.retry }, problem: null };
}

/** The order that an operation stands for, named by its token. */
export function requestOf(operation: OperationFields, spec: SpecFields, token: string): SyncRequest {
  const { sync = {}, initiatedBy } = operation;
  return {
    token,
    ...orderedRevisions(sync, spec),
    prune: sync.prune ?? false,
    dryRun: sync.dryRun ?? false,
    only: sync.resources?.length ? sync.resources.map(selected) : null,
    hooks: !sync.syncStrategy?.apply,
    initiatedBy: initiatedBy?.username || (initiatedBy?.automated ? "automated" : ""),
    retry: null,
  };
}

/** While an order is carried out its token stands in this annotation, for the status that it was made from has changed. */
export const OPERATION_ANNOTATION = "holdfast.dev/operation";

/** The same order given again is a new one once the last one has left its start time in the status. */
function operationToken(object: Resource, operation: unknown): string {
  const begun = textAt(object.metadata, "annotations", OPERATION_ANNOTATION);
  if (begun !== "") return begun;
  const previous = textAt(fieldAt(object["status"], "operationState"), "startedAt");
  return `operation:${digestOf([operation, previous])}`;
}

function selected(entry: { group?: string; kind: string; name: string; namespace?: string }): SelectedObject {
  const { group = "", kind, name, namespace } = entry;
  return { group, kind, name, namespace: namespace || null };
}

/** What an operation asks for in place of the app's own sync options; `syncOptions` null: nothing. */
export function optionsOfOrder(object: Resource): {
  readonly syncOptions: readonly string[] | null;
  readonly force: boolean;
} {
  const raw = withoutNulls(object["operation"]) ?? {};
  if (schemaProblems(operationSchema, raw, "operation").length > 0) return { syncOptions: null, force: false };
  const { syncOptions, syncStrategy } = (raw as OperationFields).sync ?? {};
  const force = syncStrategy?.apply?.force || syncStrategy?.hook?.force;
  return { syncOptions: syncOptions?.length ? syncOptions : null, force: force ?? false };
}
