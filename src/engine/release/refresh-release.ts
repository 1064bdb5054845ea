import type { AppPhase } from "#core/app/app-report.ts";
import type { ChartSpec } from "#core/app/render-spec.ts";
import { versionWithDigest } from "#core/helm/chart-version.ts";
import type { ReleasePolicy } from "#core/release/release-policy.ts";
import { RenderError } from "#core/source/render-error.ts";
import { stableText } from "#core/resource/stable-text.ts";
import type { AppWork } from "../app-state.ts";
import { dependencyProblem } from "../dependencies.ts";
import { type ReadSource, readSources } from "../read-sources.ts";
import { completeRender } from "../referenced-render.ts";
import type { ReleaseState, WantedChart } from "./release-state.ts";

/** What shall be released, or why nothing can be done yet. */
export type RefreshedRelease =
  { readonly kind: "wait"; readonly phase: AppPhase | null } | { readonly kind: "ready"; readonly wanted: WantedChart };

/** Resolves source, values and dependencies of an app's release; nothing is rendered. */
export async function refreshRelease(
  work: AppWork,
  release: { readonly policy: ReleasePolicy; readonly state: ReleaseState },
  signal: AbortSignal,
): Promise<RefreshedRelease> {
  const found = readSources(work);
  if (found.kind === "wait") return found;
  const [read] = found.sources as readonly [ReadSource];
  const { revision } = read;
  work.state.seen = new Map([[read.declared.source, revision.text]]);
  const waiting = dependencyProblem(work, revision);
  if (waiting) return { kind: "wait", phase: waiting === "pending" ? null : waiting };
  const render = completeRender(work, read.declared.render);
  if (!render.ok) return { kind: "wait", phase: render.error };
  if (render.value.kind !== "chart") throw new Error(`Cannot release ${work.state.app.key}: its source is no chart`);
  const known = release.state.wanted;
  if (known && isSame(known, read, render.value)) return { kind: "ready", wanted: known };
  try {
    const wanted = await inspected(work, { read, spec: render.value, policy: release.policy }, signal);
    release.state.wanted = wanted;
    return { kind: "ready", wanted };
  } catch (error) {
    if (!(error instanceof RenderError)) throw error;
    return { kind: "wait", phase: { kind: "render-failed", code: "build", message: error.message } };
  }
}

function isSame(known: WantedChart, { tree, declared }: ReadSource, spec: ChartSpec): boolean {
  return known.tree === tree && known.path === declared.path && stableText(known.spec) === stableText(spec);
}

async function inspected(
  { context }: AppWork,
  input: { readonly read: ReadSource; readonly spec: ChartSpec; readonly policy: ReleasePolicy },
  signal: AbortSignal,
): Promise<WantedChart> {
  const { tree, declared, revision } = input.read;
  const { path } = declared;
  const { metadata, configDigest } = await context.tools.inspect({ tree, path }, input.spec.values, signal);
  const base = { tree, path, spec: input.spec, revision, metadata, configDigest };
  if (!input.policy.digestInVersion) return { ...base, version: metadata.version, ociDigest: "" };
  const digested = versionWithDigest(metadata.version, revision.text);
  if (!digested.ok) throw new RenderError("build", digested.error);
  return { ...base, ...digested.value };
}
