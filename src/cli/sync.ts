import { Command } from "commander";
import type { AppView } from "#contract/app-view.ts";
import { type ConnectionOptions, withNamespace } from "./connection-options.ts";
import { parseDuration } from "./duration.ts";
import { shortRevision } from "./revision-text.ts";
import type { Terminal } from "./terminal.ts";

/** What to sync and for how long to watch. */
export interface SyncQuery extends ConnectionOptions {
  readonly name: string;
  readonly prune: boolean;
  /** For a release: upgrade it even where nothing changed. */
  readonly force: boolean;
  /** For a release: forget the failures that were counted. */
  readonly reset: boolean;
  readonly wait: boolean;
  readonly timeout: number;
  readonly onProgress: (text: string) => void;
}

/** What `sync` needs; returns the app as it is in the end. */
export interface SyncActions {
  sync(query: SyncQuery, signal: AbortSignal): Promise<AppView>;
}

/** The command `sync`: look at the newest commit and apply it now; the source is always asked first. */
export function syncCommand(actions: SyncActions, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("sync")
    .alias("reconcile")
    .description("ask the source for its newest commit and apply it now")
    .argument("<app>", "app/NAME, ks/NAME, hr/NAME or NAME")
    .argument("[name]", "the name, where the first word is a kind: hr NAME")
    .option("--with-source", "accepted for those who are used to it: the source is always asked first")
    .option("--wait", "watch until the app is healthy", false)
    .option("--timeout <duration>", "how long to watch", parseDuration, 300_000)
    .option("--prune", "also delete what left the source, where the app itself does not ask for it", false)
    .option("--force", "for a HelmRelease: upgrade it even where nothing changed", false)
    .option("--reset", "for a HelmRelease: forget its failures, so that it is tried again", false)
    .action(async (word: string, rest: string | undefined, options: Omit<SyncQuery, "name" | "onProgress">) => {
      const name = rest === undefined ? word : `${word}/${rest}`;
      const onProgress = (text: string) => terminal.progress(text);
      const view = await actions.sync({ ...options, name, onProgress }, signal);
      terminal.progress(null);
      if (!options.wait) terminal.note(`Asked for a sync of ${view.key}; follow it with: holdfast get ${view.key}`);
      else terminal.out(`${view.key} is ${view.state} at ${shortRevision(view.revision)}\n`);
      if (view.held !== "") terminal.note(view.held);
    });
  return withNamespace(command);
}
