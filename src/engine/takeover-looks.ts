import type { AppPhase } from "#core/app/app-report.ts";
import type { App, AppKey } from "#core/app/app.ts";
import type { AppWork } from "./app-state.ts";
import type { EngineContext } from "./engine-context.ts";
import { FreshLooks } from "./fresh-looks.ts";
import { failurePhase } from "./read-sources.ts";

const TAKEN_OVER = "taken over";

/**
 * Fresh looks at the sources of apps that are taken over from a rival: it may have applied what was not fetched here
 * yet, and going by less would undo that.
 */
export class TakeoverLooks {
  readonly #looks: FreshLooks;

  constructor({ bases, sources }: EngineContext, onAnswer: (app: AppKey) => void) {
    this.#looks = new FreshLooks({
      basesOf: (app) => bases.sourcesOf(app),
      refresh: (source, done) => sources.refresh(source, done),
      onAnswer,
      awaitsDeclared: true,
    });
  }

  /** Asks all of the app's remotes now. */
  begin(app: App): void {
    this.#looks.delete(app.key);
    this.#looks.begin(app, TAKEN_OVER);
  }

  /** Why the app must not be worked on yet; null: every remote has told what it holds. */
  waiting({ context, state }: AppWork): AppPhase | "pending" | null {
    if (!this.#looks.isOver(state.app.key, TAKEN_OVER)) return "pending";
    for (const { source } of state.app.sources) {
      const error = context.sources.state(source)?.error;
      if (error) return failurePhase(error);
    }
    const message = context.bases.failure(state.app.key);
    return message === null ? null : { kind: "render-failed", code: "build", message };
  }

  /** Forgets an app. */
  delete(app: AppKey): void {
    this.#looks.delete(app);
  }
}
