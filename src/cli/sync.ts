import { Command, InvalidArgumentError, Option } from "commander";
import type { AppView } from "#contract/app-view.ts";
import { type ConnectionOptions, withNamespace } from "./connection-options.ts";
import type { OperationRow } from "./operation.ts";
import { parseDuration } from "./duration.ts";
import { shortRevision } from "./revision-text.ts";
import type { Terminal } from "./terminal.ts";

/** What to sync and for how long to watch. */
export interface SyncQuery extends ConnectionOptions {
  readonly name: string;
  readonly prune: boolean;
  /** For an Application: another revision than the tracked one. */
  readonly revision?: string;
  /** For an Application: a checkout here in place of what its repository holds. */
  readonly local?: string;
  /** For an Application: check everything and write nothing. */
  readonly dryRun: boolean;
  /** For an Application: only these, `GROUP:KIND:NAME`. */
  readonly resource: readonly string[];
  readonly strategy?: "apply" | "hook";
  /** For an Application: instead of its own sync options. */
  readonly syncOption: readonly string[];
  readonly retryLimit?: number;
  /** For a release: upgrade it even where nothing changed. For an Application: recreate what cannot be changed. */
  readonly force: boolean;
  /** For a release: forget the failures that were counted. */
  readonly reset: boolean;
  readonly wait: boolean;
  readonly timeout: number;
  readonly onProgress: (text: string) => void;
}

/** What `sync` needs; returns the app as it is in the end. */
export interface SyncActions {
  sync(query: SyncQuery, signal: AbortSignal): Promise<SyncedView>;
}

/** An app after a sync; `rows`: what became of its objects, where it was waited for. */
export interface SyncedView extends AppView {
  readonly rows?: readonly OperationRow[];
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
    .option("--async", "accepted for those who are used to it: nothing is waited for without --wait")
    .option("--revision <revision>", "for an Application: another commit, branch or tag than the tracked one")
    .addOption(
      new Option(
        "--local <directory>",
        "for an Application that is synced by hand: a checkout of its repository here",
      ).conflicts("revision"),
    )
    .option("--dry-run", "for an Application: check everything on the server and write nothing", false)
    .option("--resource <group:kind:name>", "for an Application: only this object (repeatable)", collected, [])
    .addOption(
      new Option("--strategy <name>", "for an Application: hook runs hooks, apply does not").choices(["hook", "apply"]),
    )
    .option("--sync-option <name=value>", "for an Application: instead of its own options (repeatable)", collected, [])
    .option("--retry-limit <number>", "for an Application: how often to try again", wholeNumber)
    .option(
      "--force",
      "for a HelmRelease: upgrade it even where nothing changed; for an Application: recreate what cannot be changed",
      false,
    )
    .option("--reset", "for a HelmRelease: forget its failures, so that it is tried again", false)
    .action(async (word: string, rest: string | undefined, options: Omit<SyncQuery, "name" | "onProgress">) => {
      const name = rest === undefined ? word : `${word}/${rest}`;
      const onProgress = (text: string) => terminal.progress(text);
      const view = await actions.sync({ ...options, name, onProgress }, signal);
      terminal.progress(null);
      for (const row of view.rows ?? []) terminal.out(`${row.status.padEnd(14)} ${row.object}  ${row.message}\n`);
      if (view.rows) return;
      if (!options.wait) terminal.note(`Asked for a sync of ${view.key}; follow it with: holdfast get ${view.key}`);
      else terminal.out(`${view.key} is ${view.state} at ${shortRevision(view.revision)}\n`);
      if (view.held !== "") terminal.note(view.held);
    });
  return withNamespace(command);
}

function collected(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function wholeNumber(value: string): number {
  if (!/^-?\d+$/.test(value)) throw new InvalidArgumentError("It is no whole number.");
  return Number(value);
}
