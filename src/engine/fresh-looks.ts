import type { App, AppKey } from "#core/app/app.ts";
import type { SourceKey } from "#core/source/source.ts";

/** How requests for a fresh look are carried out. */
export interface FreshLooksOptions {
  /** Asks a remote now, and calls back when it has answered. */
  readonly refresh: (source: SourceKey, done: () => void) => void;
  /** Told of every answer that a request waited for. */
  readonly onAnswer: (app: AppKey) => void;
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
    // A source of its own object tells by itself how it is; one that lives in the app is part of the answer.
    const look = { token, left: sources.filter((one) => one.inline !== null).length };
    this.#looks.set(key, look);
    for (const { source, inline } of sources) {
      this.#options.refresh(source, () => {
        if (inline === null) return;
        look.left--;
        this.#options.onAnswer(key);
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
