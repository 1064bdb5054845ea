import type { AppView } from "#contract/app-view.ts";
import type { ObjectRef } from "#engine/ports.ts";
import { type AppRecord, findApp, refOfApp } from "../cli-app-record.ts";
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

const WELL: readonly string[] = ["", "Healthy"];

/** What the app's object says now. */
export async function viewOf(stage: Stage, app: WatchedApp, signal: AbortSignal): Promise<AppView> {
  return appView(await recordOf(stage, app, signal), () => null);
}

/** Waits until the app reports something; the error of a failure tells what it said last. */
export async function appWhere(
  stage: Stage,
  app: WatchedApp,
  goal: { what: string; limitMs?: number; holds: (view: AppView) => boolean },
  signal: AbortSignal,
): Promise<AppView> {
  let last = "nothing";
  const probe = async (scope: AbortSignal) => {
    const view = await viewOf(stage, app, scope);
    last = `${view.state} ${view.health} ${view.revision}: ${view.message}`;
    return goal.holds(view) && view;
  };
  const { what, limitMs = 30_000 } = goal;
  return waitFor({ what: `${app.address} ${what}`, limitMs, probe, lastSeen: () => last }, signal);
}

/** Waits until the app reports that it is synced and healthy at a commit; returns how long that took, in words. */
export async function appDone(stage: Stage, app: WatchedApp, commit: string, signal: AbortSignal): Promise<string> {
  const startedAt = performance.now();
  const holds = (view: AppView) =>
    view.state === "Ready" && WELL.includes(view.health) && view.held === "" && view.revision.includes(commit);
  await appWhere(stage, app, { what: `done with ${commit.slice(0, 7)}`, holds }, signal);
  return spoken(performance.now() - startedAt);
}

/** Address of the app's own object. */
export async function refOfWatched(stage: Stage, app: WatchedApp, signal: AbortSignal): Promise<ObjectRef> {
  return refOfApp(await recordOf(stage, app, signal));
}

function recordOf(stage: Stage, app: WatchedApp, signal: AbortSignal): Promise<AppRecord> {
  return findApp(stage.client, { name: app.address }, signal);
}
