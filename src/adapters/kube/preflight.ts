import { ApiError } from "#core/cluster/api-error.ts";
import { gvkOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { OpenApi } from "./openapi.ts";
import { schemaProblems } from "./schema-check.ts";
import type { SchemaProblem } from "./schema-check.ts";

/** What a preflight asks. */
export interface PreflightSources {
  readonly openApi: OpenApi;
  /** Resolves when the server would accept the object, rejects with ApiError when not. */
  readonly dryRun: (object: Resource, signal: AbortSignal) => Promise<void>;
}

/**
 * Problems that an object's schema shows, found without asking the server while there are none. A suspicion is checked
 * against a fresh schema and by one dry run, so that a stale schema never refuses what the server accepts.
 */
export async function preflight(
  object: Resource,
  sources: PreflightSources,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if ((await localProblems(object, sources.openApi, signal)).length === 0) return [];
  sources.openApi.invalidate();
  const problems = await localProblems(object, sources.openApi, signal);
  if (problems.length === 0) return [];
  const verdict = await verdictOf(object, sources, signal);
  if (verdict === "accepted") return [];
  return problems
    .filter((problem) => problem.certain || verdict === "refused")
    .map((problem) => `${problem.path || "the object"}: ${problem.message}`);
}

async function localProblems(
  object: Resource,
  openApi: OpenApi,
  signal: AbortSignal,
): Promise<readonly SchemaProblem[]> {
  try {
    const schema = await openApi.schema(gvkOf(object), signal);
    return schema ? schemaProblems(object, schema) : [];
  } catch (error) {
    if (error instanceof ApiError) return []; // Without a schema there is nothing to say: the server judges.
    throw error;
  }
}

async function verdictOf(
  object: Resource,
  sources: PreflightSources,
  signal: AbortSignal,
): Promise<"accepted" | "refused" | "unclear"> {
  try {
    await sources.dryRun(object, signal);
    return "accepted";
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // A missing namespace, a missing right or a fault says nothing about the object's shape.
    return error.code === 400 || error.code === 422 || error.code === 500 ? "refused" : "unclear";
  }
}
