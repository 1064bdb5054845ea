import type { App } from "#core/app/app.ts";
import { jointRevision } from "#core/source/joint-revision.ts";
import type { Revision } from "#core/source/source.ts";
import type { EngineContext } from "./engine-context.ts";

/** What the app's own sources are at now. */
export function trackedRevision({ sources }: Pick<EngineContext, "sources">, app: App): Revision | null {
  const revisions = app.sources.map(({ source }) => sources.state(source)?.revision ?? null);
  const [first = null] = revisions;
  if (revisions.length < 2) return first;
  const texts = revisions.flatMap((revision) => (revision ? [revision.text] : []));
  return texts.length === revisions.length ? jointRevision(texts) : null;
}
