import { Command } from "commander";
import { type ConnectionOptions, withNamespace } from "./connection-options.ts";
import type { Terminal } from "./terminal.ts";

/** What `approve` needs; returns what was held, in words. */
export interface ApproveActions {
  approve(query: ConnectionOptions & { name: string }, signal: AbortSignal): Promise<{ app: string; held: string }>;
}

/** The command `approve`: lets held deletions happen. */
export function approveCommand(actions: ApproveActions, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("approve")
    .description("let the deletions happen that are held back now; later ones need an approval of their own")
    .argument("<app>", "app/NAME, ks/NAME, hr/NAME, appset/NAME or NAME")
    .action(async (name: string, options: ConnectionOptions) => {
      const { app, held } = await actions.approve({ ...options, name }, signal);
      terminal.out(`Approved for ${app}: ${held}\n`);
    });
  return withNamespace(command);
}
