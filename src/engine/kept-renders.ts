import type { AppKey } from "#core/app/app.ts";
import type { KeptRender } from "#core/app/kept-render.ts";

/** What apps were synced to last, for the day when it cannot be rendered again. Losing it loses nothing else. */
export interface KeptRenders {
  /** Keeps a render under the name of an entry, behind the caller's back. */
  keep(app: AppKey, entry: string, render: KeptRender): void;
  /** What was kept under that name; null: nothing, or nothing that can be read. */
  find(app: AppKey, entry: string, signal: AbortSignal): Promise<KeptRender | null>;
}

/** Keeps nothing. */
export const noKeptRenders: KeptRenders = { keep: () => {}, find: () => Promise.resolve(null) };
