import type { AppPhase } from "#core/app/app-report.ts";
import { keptEntry, keptRenderOf, partsOf } from "#core/app/kept-render.ts";
import type { Rendered } from "#core/app/rendered.ts";
import { jointRevision } from "#core/source/joint-revision.ts";
import type { Revision } from "#core/source/source.ts";
import type { AppWork, RunningSync } from "./app-state.ts";
import { type NamedRevisions, namedRevisions } from "./named-revisions.ts";

/** A render that was kept, or why there is none. */
export type Recalled =
  { readonly rendered: Rendered; readonly revision: Revision } | { readonly phase: AppPhase | null };

/** Keeps what a sync of everything has made, so that the app can be brought back to it without its source. */
export function keepRender({ context, state }: AppWork, { desired, report, revision }: RunningSync): void {
  const { request, healAttempts } = report;
  if (request?.only || healAttempts > 0) return;
  const isIdle = request === null && state.lastSync?.results.every(({ outcome }) => outcome === "unchanged");
  const entry = keptEntry(request?.sources ?? desired.app.sources, partsOf(revision));
  if (!isIdle && entry !== null) context.kept.keep(state.app.key, entry, keptRenderOf(desired.rendered));
}

/** What was kept of the revisions that are asked for by name, where their source cannot be had; otherwise why not. */
export async function recallRender(work: AppWork, phase: AppPhase | null, signal: AbortSignal): Promise<Recalled> {
  const { context, state } = work;
  const named = phase?.kind === "source-failed" ? namedRevisions(state) : null;
  if (phase?.kind !== "source-failed" || !named) return { phase };
  const revisions = wholeRevisions(work, named);
  const entry = keptEntry(named.sources, revisions);
  if (entry === null) return { phase };
  const revision = revisionOf(revisions);
  if (state.recalled?.entry === entry) return { rendered: state.recalled.rendered, revision };
  const kept = await context.kept.find(state.app.key, entry, signal);
  if (!kept) return { phase };
  if ("withheld" in kept) {
    return { phase: { ...phase, message: `${phase.message}; no render of it is kept: ${kept.withheld}` } };
  }
  const rendered = { ...kept, readSet: [] };
  state.recalled = { entry, rendered };
  context.log.info({ app: state.app.key, revision: revision.text }, "a render that was kept takes the source's place");
  return { rendered, revision };
}

/** Of sources that no revision is named of, the one that they are at. */
function wholeRevisions({ context }: AppWork, { sources, revisions }: NamedRevisions): readonly string[] {
  return sources.map(({ source }, at) => revisions[at] || (context.sources.state(source)?.revision?.text ?? ""));
}

function revisionOf(texts: readonly string[]): Revision {
  const [only = ""] = texts;
  return texts.length === 1 ? { text: only, commit: only, refName: null } : jointRevision(texts);
}
