import type { AppKey } from "#core/app/app.ts";

/** Requests for a fresh look: one is handled when every remote that it is put to has answered. */
export class FreshLooks {
  readonly #looks = new Map<AppKey, { readonly token: string; left: number }>();

  /** Notes a request that is put to so many remotes; false when it was noted before. */
  begin(app: AppKey, token: string, remotes: number): boolean {
    if (this.#looks.get(app)?.token === token) return false;
    this.#looks.set(app, { token, left: remotes });
    return true;
  }

  /** Takes an answer of one remote. */
  answered(app: AppKey, token: string): void {
    const look = this.#looks.get(app);
    if (look?.token === token) look.left--;
  }

  /** Whether nobody is left to answer. */
  isOver(app: AppKey, token: string): boolean {
    const look = this.#looks.get(app);
    return look?.token !== token || look.left <= 0;
  }

  /** Drops what is known of an app that is gone. */
  delete(app: AppKey): void {
    this.#looks.delete(app);
  }
}
