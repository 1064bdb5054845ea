import type { AppView } from "#contract/app-view.ts";
import { findApp } from "../cli-app-record.ts";
import { appView } from "../cli-app-view.ts";
import type { Stage } from "./stage.ts";
import { spoken } from "./story.ts";
import { waitFor } from "./wait-for.ts";

/** An app whose reports are followed. */
export interface WatchedApp {
  /** As commands address it, e.g. `ks/shop`. */
  readonly address: string;
  /** Namespace of its objects. */
  readonly namespace: string;
  /** The words for a good end in its dialect. */
  readonly good: string;
}

/** An app on the stage. */
export interface Scene<App extends WatchedApp = WatchedApp> {
  readonly stage: Stage;
  readonly app: App;
}

const WELL: readonly string[] = ["", "Healthy"];

/** Waits until the app reports something; the error of a failure tells what it said last. */
export async function appWhere(
  { stage, app }: Scene,
  goal: { what: string; holds: (view: AppView) => boolean },
  signal: AbortSignal,
): Promise<AppView> {
  let last = "nothing";
  const probe = async (scope: AbortSignal) => {
    const view = appView(await findApp(stage.client, { name: app.address }, scope), () => null);
    last = `${view.state} ${view.health} ${view.revision}: ${view.message}`;
    return goal.holds(view) && view;
  };
  return waitFor({ what: `${app.address} ${goal.what}`, probe, lastSeen: () => last }, signal);
}

/** Waits until the app reports that it is synced and healthy at a commit; returns how long that took, in words. */
export async function appDone(scene: Scene, commit: string, signal: AbortSignal): Promise<string> {
  const startedAt = performance.now();
  const holds = (view: AppView) =>
    view.state === "Ready" && WELL.includes(view.health) && view.held === "" && view.revision.includes(commit);
  await appWhere(scene, { what: `done with ${commit.slice(0, 7)}`, holds }, signal);
  return spoken(performance.now() - startedAt);
}
