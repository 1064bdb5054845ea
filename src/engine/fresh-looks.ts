import type { App, AppKey, AppSource } from "#core/app/app.ts";
import type { SourceKey } from "#core/source/source.ts";

/** How requests for a fresh look are carried out. */
export interface FreshLooksOptions {
  /** What an app takes of other repositories. */
  readonly basesOf: (app: AppKey) => readonly SourceKey[];
  /** Asks a remote now, and calls back when it has answered. */
  readonly refresh: (source: SourceKey, done: () => void) => void;
  /** Told of every answer that a request waited for. */
  readonly onAnswer: (app: AppKey) => void;
  /** Whether sources with an object of their own are waited for too: they tell by themselves how they are. */
  readonly awaitsDeclared: boolean;
}

/** Requests for a fresh look: one is handled when every remote that it is put to has answered. */
export class FreshLooks {
  readonly #options: FreshLooksOptions;
  readonly #looks = new Map<AppKey, { readonly token: string; left: number }>();

  constructor(options: FreshLooksOptions) {
    this.#options = options;
  }

  /** Puts the request that an app holds to its remotes; false when that was done before. */
  begin(app: App, token: string): boolean {
    const { key, sources } = app;
    if (this.#looks.get(key)?.token === token) return false;
    const { awaitsDeclared, basesOf, refresh, onAnswer } = this.#options;
    const isAwaited = ({ inline }: AppSource) => awaitsDeclared || inline !== null;
    const awaited = [...sources.filter(isAwaited).map(({ source }) => source), ...basesOf(key)];
    const look = { token, left: awaited.length };
    this.#looks.set(key, look);
    for (const one of sources) if (!isAwaited(one)) refresh(one.source, () => {});
    for (const source of awaited) {
      refresh(source, () => {
        look.left--;
        onAnswer(key);
      });
    }
    return true;
  }

  /** Whether nobody is left to answer. */
  isOver(app: AppKey, token: string): boolean {
    const look = this.#looks.get(app);
    return look?.token !== token || look.left <= 0;
  }

  /** Forgets the last request of an app: the same words again are a new one. */
  delete(app: AppKey): void {
    this.#looks.delete(app);
  }
}
