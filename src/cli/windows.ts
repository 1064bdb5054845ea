import { Command } from "commander";
import type { WindowsView } from "#contract/window-view.ts";
import { type ConnectionOptions, withNamespace } from "./connection-options.ts";
import { formatted, type OutputFormat, withOutput } from "./output-option.ts";
import type { Terminal } from "./terminal.ts";
import { textTable } from "./text-table.ts";

/** What `windows` needs. */
export interface WindowsActions {
  windows(query: ConnectionOptions & { name: string; at?: string }, signal: AbortSignal): Promise<WindowsView>;
}

/** The command `windows`: the times in which an app may be synced. */
export function windowsCommand(actions: WindowsActions, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("windows")
    .description("show the windows of time of an app: which are active, and when they open or close")
    .argument("<app>", "app/NAME or NAME")
    .option("--at <time>", "another time than now, as in 2026-03-01T22:00:00Z")
    .action(async (name: string, options: ConnectionOptions & { output: OutputFormat; at?: string }) => {
      showWindows(await actions.windows({ ...options, name }, signal), options.output, terminal);
    });
  return withOutput(withNamespace(command));
}

/** What `eval windows` reads: files with projects and applications. */
export interface WindowFiles {
  readonly file: readonly string[];
  readonly app: string;
  readonly at?: string;
}

/** The command `eval windows`: the same, offline. */
export function evalWindowsCommand(
  action: (input: WindowFiles, signal: AbortSignal) => Promise<WindowsView>,
  terminal: Terminal,
  signal: AbortSignal,
): Command {
  const command = new Command("windows")
    .description("tell which sync windows of a project decide about an application at a time")
    .requiredOption("-f, --file <files...>", "files with the AppProject and, for its destination, the Application")
    .requiredOption("--app <name>", "name of the application")
    .option("--at <time>", "another time than now, as in 2026-03-01T22:00:00Z")
    .action(async (options: WindowFiles & { output: OutputFormat }) => {
      showWindows(await action(options, signal), options.output, terminal);
    });
  return withOutput(command);
}

function showWindows(view: WindowsView, output: OutputFormat, terminal: Terminal): void {
  if (output !== "table") return terminal.out(formatted(view, output));
  const { paint } = terminal;
  const word = (may: boolean) => (may ? paint.green("may") : paint.red("may not"));
  terminal.out(`At ${view.at} the controller ${word(view.controller)} sync ${paint.bold(view.app)}, `);
  terminal.out(`people ${word(view.people)}: ${view.by}\n`);
  if (view.windows.length === 0) return;
  const rows = view.windows.map(({ window, active, changes }) => [
    window,
    active ? "active" : "inactive",
    changes || "-",
  ]);
  terminal.out(`\n${textTable(["WINDOW", "STATE", "CHANGES"], rows)}`);
}
