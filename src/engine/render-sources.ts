import type { AppPhase } from "#core/app/app-report.ts";
import type { AppSource } from "#core/app/app.ts";
import { jointRender, type Rendered } from "#core/app/rendered.ts";
import type { RenderSpec } from "#core/app/render-spec.ts";
import { refused, type Result } from "#core/result.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { withNamedSources } from "#core/source/named-sources.ts";
import type { RemoteBase } from "#core/source/remote-base.ts";
import { MissingBasesError, RenderError } from "#core/source/render-error.ts";
import type { AppWork } from "./app-state.ts";
import { completedSpec } from "./completed-spec.ts";
import type { ReadSource } from "./read-sources.ts";
import { completeRender } from "./referenced-render.ts";

type Failed = Extract<AppPhase, { kind: "render-failed" }>;

/** Renders all sources of an app. `pending`: what it takes of the cluster or of other repositories is being read. */
export async function renderSources(
  work: AppWork,
  sources: readonly ReadSource[],
  signal: AbortSignal,
): Promise<Rendered | AppPhase | "pending"> {
  const { context, state } = work;
  const { bases } = context;
  const named = new Map(sources.flatMap(({ declared, tree }) => (declared.name ? [[declared.name, tree]] : [])));
  const parts: Rendered[] = [];
  const taken: RemoteBase[] = [];
  for (const [at, source] of sources.entries()) {
    const rendered = await renderSource(work, { source, named, all: sources }, signal);
    if (rendered === "pending") return rendered;
    if ("kind" in rendered) return rendered.kind === "render-failed" && at > 0 ? { ...rendered, source: at } : rendered;
    parts.push(rendered);
    taken.push(...(rendered.bases ?? []));
  }
  bases.set(state.app, taken);
  return jointRender(parts, state.desired?.rendered ?? null);
}

interface Rendering {
  readonly source: ReadSource;
  readonly named: ReadonlyMap<string, FileTree>;
  readonly all: readonly ReadSource[];
}

async function renderSource(
  work: AppWork,
  { source, named, all }: Rendering,
  signal: AbortSignal,
): Promise<Rendered | AppPhase | "pending"> {
  const { context, state } = work;
  const { bases } = context;
  const { app } = state;
  const spec = await specOf(work, source, signal);
  if (!spec.ok) return spec.error ?? "pending";
  const started = context.clock.monotonic();
  try {
    const tree = withNamedSources(bases.mounted(app.key, source.tree), named);
    const scope = scopeOf(source.declared, all);
    return await context.renders.render({ tree, path: source.declared.path, spec: spec.value, scope }, signal);
  } catch (error) {
    if (!(error instanceof RenderError)) throw error;
    if (!(error instanceof MissingBasesError)) return failed(error.code, error.message);
    if (!context.settings.remoteBases) return failed(error.code, `--no-remote-bases forbids this: ${error.message}`);
    bases.add(app, error.bases);
    const why = bases.failure(app.key);
    return why === null ? "pending" : failed(error.code, why);
  } finally {
    context.telemetry.step("render", (context.clock.monotonic() - started) / 1000);
  }
}

/** Keeps apart what is rendered of different sources. */
function scopeOf(declared: AppSource, all: readonly ReadSource[]): string {
  const others = all.flatMap((one) => (one.declared.name ? [`${one.declared.name}=${one.declared.source}`] : []));
  return [declared.source, ...others].join("\n");
}

/** How a source is rendered now; null while that cannot be known. */
async function specOf(
  work: AppWork,
  source: ReadSource,
  signal: AbortSignal,
): Promise<Result<RenderSpec, AppPhase | null>> {
  const { context, state } = work;
  const { dialect, app } = state;
  const { declared, revision } = source;
  const referenced = completeRender(work, declared.render);
  if (!referenced.ok) return referenced;
  const fresh = state.seen.get(declared.source) !== revision.text || app.refreshToken !== state.handledToken;
  const cluster = () => context.capabilities.of(context.client, { fresh }, signal);
  const withReferences = { ...source, declared: { ...declared, render: referenced.value } };
  const spec = await completedSpec({ dialect, app, source: withReferences, cluster }, signal);
  return spec.ok ? spec : refused(failed("build", spec.error));
}

function failed(code: Failed["code"], message: string): Failed {
  return { kind: "render-failed", code, message };
}
