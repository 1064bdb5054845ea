import { Command } from "commander";
import type { RollbackView } from "#contract/rollback-view.ts";
import { type ConnectionOptions, withNamespace } from "./connection-options.ts";
import { parseDuration } from "./duration.ts";
import { formatted, type OutputFormat, withOutput } from "./output-option.ts";
import { paintDiff } from "./paint-diff.ts";
import type { Terminal } from "./terminal.ts";

/** What to go back to and how. */
export interface RollbackQuery extends ConnectionOptions {
  readonly name: string;
  readonly to?: string;
  /** An entry of an Application's history, to be synced again by an operation instead of a commit. */
  readonly id?: number;
  readonly branch?: string;
  readonly dryRun: boolean;
  readonly message?: string;
  readonly author?: string;
  readonly onProgress: (text: string) => void;
}

/** What `rollback` needs. */
export interface RollbackActions {
  rollback(query: RollbackQuery, signal: AbortSignal): Promise<RollbackView>;
  /** Syncs an entry of the history again; returns the app's key. */
  rollbackById(
    query: RollbackQuery & { id: number; wait: boolean; timeoutMs: number },
    signal: AbortSignal,
  ): Promise<string>;
  /** Waits until the app has applied the commit and is healthy. */
  wait(query: RollbackQuery & { commit: string; timeoutMs: number }, signal: AbortSignal): Promise<void>;
}

type Options = Omit<RollbackQuery, "name" | "onProgress"> & {
  readonly wait: boolean;
  readonly timeout: number;
  readonly output: OutputFormat;
};

/** The command `rollback`: one new commit that restores what the app reads. */
export function rollbackCommand(actions: RollbackActions, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("rollback")
    .description("go back: one new commit on the tracked branch that restores the files this app reads")
    .argument("<app>", "app/NAME, ks/NAME or NAME")
    .option("--to <revision>", "commit, branch or tag to go back to (default: the last good state before the present)")
    .option("--id <number>", "of an Application: sync this entry of its history again, without a commit", Number)
    .option("--branch <name>", "push to this branch instead, for a pull request")
    .option("--dry-run", "show what would change and push nothing", false)
    .option("-m, --message <text>", "commit message")
    .option("--author <name>", 'author as "Name <email>" (default: as git knows you)')
    .option("--no-wait", "do not watch until the app is healthy")
    .option("--timeout <duration>", "how long to watch", parseDuration, 300_000)
    .action(async (name: string, options: Options) => {
      const query = { ...options, name, onProgress: (text: string) => terminal.progress(text) };
      if (options.id !== undefined) {
        const ordered = { ...query, id: options.id, wait: options.wait, timeoutMs: options.timeout };
        const key = await actions.rollbackById(ordered, signal);
        terminal.progress(null);
        return terminal.note(`${key} is back at entry ${options.id} of its history; its spec is as it was`);
      }
      const view = await actions.rollback(query, signal);
      terminal.progress(null);
      if (options.output === "table") show(view, query, terminal);
      if (view.commit !== null && options.branch === undefined && options.wait) {
        await actions.wait({ ...query, commit: view.commit, timeoutMs: options.timeout }, signal);
        terminal.note(`${view.app} is healthy at ${view.commit.slice(0, 10)}`);
      }
      if (options.output !== "table") terminal.out(formatted(view, options.output));
    });
  return withOutput(withNamespace(command));
}

function show(view: RollbackView, query: RollbackQuery, terminal: Terminal): void {
  const { paint } = terminal;
  const to = view.to.slice(0, 10);
  if (view.files.length === 0)
    return terminal.note(`${view.app} reads the same files at ${to}: there is nothing to do`);
  terminal.out(`Back to ${to}, ${view.files.length} file(s) on branch ${paint.bold(view.branch)}:\n`);
  for (const file of view.files) terminal.out(`  ${file}\n`);
  if (query.dryRun) {
    terminal.out(
      view.diff === ""
        ? "The present head does not render, so there is no diff of objects.\n"
        : paintDiff(view.diff, paint),
    );
    terminal.note("Nothing was pushed (--dry-run)");
    return;
  }
  const signature = view.signed ? ", signed" : "";
  terminal.out(`Pushed ${view.commit?.slice(0, 10) ?? ""}${signature}\n`);
  if (query.branch !== undefined) terminal.note("Open a pull request from it; nothing changes before it is merged");
}
