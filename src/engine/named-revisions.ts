import type { AppSource } from "#core/app/app.ts";
import type { AppState } from "./app-state.ts";

/** Revisions that an app is to be at for now, whatever it tracks. */
export interface NamedRevisions {
  readonly sources: readonly AppSource[];
  /** One of each source; "" for the tracked one. */
  readonly revisions: readonly string[];
  /** Whether the sources are others than the app's own. */
  readonly given: boolean;
}

/** What a person's order names; null: what the app tracks counts. */
export function namedRevisions({ app, handledRequest }: AppState): NamedRevisions | null {
  const { request: order } = app;
  if (!order || order.token === handledRequest) return null;
  const sources = order.sources ?? app.sources;
  const revisions = sources.map((_source, at) => order.revisions?.[at] ?? (at === 0 ? order.revision : null) ?? "");
  return { sources, revisions, given: order.sources !== undefined };
}
