import { Command } from "commander";
import type { EventView } from "#contract/event-view.ts";
import { type ConnectionOptions, withNamespace } from "./connection-options.ts";
import { spanText } from "./duration.ts";
import { formatted, type OutputFormat, withOutput } from "./output-option.ts";
import type { Terminal } from "./terminal.ts";
import { textTable } from "./text-table.ts";

/** What `events` needs; the oldest first. */
export interface EventsActions {
  events(query: ConnectionOptions & { name: string }, signal: AbortSignal): Promise<readonly EventView[]>;
}

/** The command `events`: what happened to an app lately. */
export function eventsCommand(actions: EventsActions, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("events")
    .description("list what happened to an app lately, as the cluster remembers it")
    .argument("<app>", "app/NAME, ks/NAME, hr/NAME or NAME")
    .action(async (name: string, options: ConnectionOptions & { output: OutputFormat }) => {
      const events = await actions.events({ ...options, name }, signal);
      if (options.output !== "table") return terminal.out(formatted(events, options.output));
      if (events.length === 0) return terminal.note("There are no events; clusters forget them after an hour");
      const rows = events.map((event) => [
        `${spanText(Date.now() - Date.parse(event.at))} ago`,
        event.type === "Warning" ? { text: event.type, paint: terminal.paint.yellow } : event.type,
        event.reason,
        event.count > 1 ? `×${event.count}` : "",
        event.message,
      ]);
      terminal.out(textTable(["LAST", "TYPE", "REASON", "", "MESSAGE"], rows));
    });
  return withOutput(withNamespace(command));
}
