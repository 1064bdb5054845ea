import type { AppSource } from "#core/app/app.ts";
import { type Problem, ok, refused, type Result } from "#core/result.ts";
import { pathInside } from "#core/source/clean-path.ts";
import type { Revision } from "#core/source/source.ts";
import type { PollingSettings } from "./settings-polling.ts";
import { sourceAddress } from "./source-address.ts";
import { type RenderPlace, renderSpec } from "./source-spec.ts";
import type { SourceFields } from "./source-schema.ts";

/** What a source is read with. */
export interface SourceContext extends RenderPlace {
  /** Whether it is one of several. */
  readonly isOneOfSeveral: boolean;
  readonly recorded: Revision | null;
  readonly polling: PollingSettings;
}

/** What this dialect completes the render of a source from. */
export interface SourceDetails extends RenderPlace {
  readonly fields: SourceFields;
}

const REQUIRED = "spec.source.repoURL and either spec.source.path or spec.source.chart are required";

/** One source of an app: the address and ref to follow, the path in it, and how it is rendered. */
export function parseSource(
  fields: SourceFields | undefined,
  context: SourceContext,
): Result<AppSource, readonly Problem[]> {
  const { place, isOneOfSeveral } = context;
  const required = requiredProblem(fields, context);
  if (!fields || required !== null) return refused([{ path: place, message: required ?? REQUIRED }]);
  const path = fields.chart ? { value: "", problem: null } : normalPath(fields.path ?? "");
  const problems: Problem[] = [...refProblems(fields, context)];
  if (path.problem !== null) problems.push({ path: `${place}.path`, message: path.problem });
  const { refs, release, kustomize, plugins, sources } = context;
  const details: SourceDetails = { fields, place, refs, release, kustomize, plugins, sources };
  const isForOthers = isOneOfSeveral && Boolean(fields.ref) && !fields.path && !fields.chart;
  const render = renderSpec(fields, { ...details, environment: null, cluster: null });
  if (!render.ok) problems.push(...render.error);
  if (problems.length > 0 || !render.ok) return refused(problems);
  const inline = sourceAddress(fields, context);
  return ok({
    source: inline.key,
    inline,
    path: path.value,
    render: isForOthers ? { kind: "nothing" } : render.value,
    details: isForOthers ? null : details,
    ...(isOneOfSeveral && fields.ref && { name: fields.ref }),
  });
}

function requiredProblem(fields: SourceFields | undefined, { place, isOneOfSeveral }: SourceContext): string | null {
  const { repoURL, path, chart, ref, targetRevision } = fields ?? {};
  if (!isOneOfSeveral && (!repoURL || (!path && !chart))) return REQUIRED;
  if (!repoURL || (!path && !chart && !ref)) {
    return `${place}: spec.source.repoURL and either source.path, source.chart, or source.ref are required`;
  }
  if (chart && !targetRevision) {
    return `${place}: spec.source.targetRevision is required if the manifest source is a helm chart`;
  }
  return null;
}

function refProblems({ ref, chart }: SourceFields, { place, isOneOfSeveral }: SourceContext): Problem[] {
  if (!ref || !isOneOfSeveral) return [];
  const problem = (message: string) => [{ path: `${place}.ref`, message: `${place}.ref: ${message}` }];
  if (chart) return problem("source has a 'chart' field defined, but Helm charts are not supported for 'ref' sources");
  return /^[A-Za-z0-9_-]+$/.test(ref) ? [] : problem(`invalid ref name ${JSON.stringify(ref.slice(0, 80))}`);
}

function normalPath(path: string): { value: string; problem: string | null } {
  if (path.startsWith("/")) return { value: "", problem: `${path}: app path is absolute` };
  const value = pathInside(path);
  return value === null ? { value: "", problem: `${path}: app path outside root` } : { value, problem: null };
}
