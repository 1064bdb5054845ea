import { Command } from "commander";
import type { HistoryView } from "#contract/history-view.ts";
import { type ConnectionOptions, withNamespace } from "./connection-options.ts";
import { formatted, type OutputFormat, withOutput } from "./output-option.ts";
import { shortRevision } from "./revision-text.ts";
import type { Terminal } from "./terminal.ts";
import { textTable } from "./text-table.ts";

/** What `history` needs. */
export interface HistoryActions {
  history(query: ConnectionOptions & { name: string }, signal: AbortSignal): Promise<readonly HistoryView[]>;
}

/** The command `history`: earlier states of an app, newest first. */
export function historyCommand(actions: HistoryActions, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("history")
    .description("list earlier states of an app, newest first")
    .argument("<app>", "app/NAME, ks/NAME, hr/NAME or NAME")
    .action(async (name: string, options: ConnectionOptions & { output: OutputFormat }) => {
      const entries = await actions.history({ ...options, name }, signal);
      if (options.output !== "table") return terminal.out(formatted(entries, options.output));
      if (entries.length === 0) return terminal.note("There is no history yet: nothing was synced");
      const rows = entries.map((entry) => [
        entry.at || "-",
        shortRevision(entry.revision),
        entry.succeeded
          ? { text: "succeeded", paint: terminal.paint.green }
          : { text: "failed", paint: terminal.paint.red },
        entry.message,
      ]);
      terminal.out(textTable(["TIME", "REVISION", "END", "DETAIL"], rows));
    });
  return withOutput(withNamespace(command));
}
