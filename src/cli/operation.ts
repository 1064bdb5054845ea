import { Command } from "commander";
import type { AppView } from "#contract/app-view.ts";
import { type ConnectionOptions, withNamespace } from "./connection-options.ts";
import { parseDuration } from "./duration.ts";
import { shortRevision } from "./revision-text.ts";
import type { Terminal } from "./terminal.ts";

/** What a sync did to one object, or would have done. */
export interface OperationRow {
  readonly status: string;
  /** `Kind/name`. */
  readonly object: string;
  readonly message: string;
}

/** What `wait` watches. */
export interface WaitQuery extends ConnectionOptions {
  readonly name: string;
  readonly timeout: number;
  readonly onProgress: (text: string) => void;
}

/** What `wait` and `terminate` need. */
export interface OperationActions {
  wait(query: WaitQuery, signal: AbortSignal): Promise<AppView>;
  /** Returns the app's key. */
  terminate(query: ConnectionOptions & { name: string }, signal: AbortSignal): Promise<string>;
}

/** The command `wait`: until an app is synced and healthy. */
export function waitCommand(actions: OperationActions, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("wait")
    .description("wait until an app is synced and healthy")
    .argument("<app>", "app/NAME, ks/NAME, hr/NAME or NAME")
    .option("--timeout <duration>", "how long", parseDuration, 300_000)
    .action(async (name: string, options: ConnectionOptions & { timeout: number }) => {
      const onProgress = (text: string) => terminal.progress(text);
      const view = await actions.wait({ ...options, name, onProgress }, signal);
      terminal.progress(null);
      terminal.out(`${view.key} is ${view.state} at ${shortRevision(view.revision)}\n`);
    });
  return withNamespace(command);
}

/** The command `terminate`: ends the sync that an Application is at, with its running hooks. */
export function terminateCommand(actions: OperationActions, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("terminate")
    .alias("terminate-op")
    .description("end the sync that an Application is at; hooks that run are deleted, what was applied stays")
    .argument("<app>", "app/NAME or NAME")
    .action(async (name: string, options: ConnectionOptions) => {
      const key = await actions.terminate({ ...options, name }, signal);
      terminal.note(`Asked ${key} to end its sync; follow it with: holdfast get ${key}`);
    });
  return withNamespace(command);
}
