import { Command } from "commander";
import { type ConnectionOptions, withNamespace } from "./connection-options.ts";
import { parseDuration } from "./duration.ts";
import type { Terminal } from "./terminal.ts";

/** Which app, for how long and why. */
export interface PauseQuery extends ConnectionOptions {
  readonly name: string;
  readonly forMs: number;
  readonly reason: string;
}

/** What `pause` needs; returns when the pause ends. */
export interface PauseActions {
  pause(query: PauseQuery, signal: AbortSignal): Promise<{ app: string; until: string }>;
}

/** The command `pause`: time to work by hand, recorded, with an end. */
export function pauseCommand(actions: PauseActions, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("pause")
    .description("write nothing to an app for a while, to work by hand: drift is reported and healed when it ends")
    .argument("<app>", "app/NAME, ks/NAME, hr/NAME or NAME")
    .requiredOption("--for <duration>", "how long, such as 30m", parseDuration)
    .requiredOption("--reason <text>", "why; it is recorded with your name")
    .action(async (name: string, options: ConnectionOptions & { for: number; reason: string }) => {
      const { app, until } = await actions.pause({ ...options, name, forMs: options.for }, signal);
      terminal.out(`${app} is paused until ${until}; end it earlier with: holdfast resume ${app}\n`);
    });
  return withNamespace(command);
}
