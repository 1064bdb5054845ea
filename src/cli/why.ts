import { Command } from "commander";
import type { WhyView } from "#contract/why-view.ts";
import { type ConnectionOptions, withNamespace } from "./connection-options.ts";
import { formatted, type OutputFormat, withOutput } from "./output-option.ts";
import { plainText, type Terminal } from "./terminal.ts";

/** What `why` needs. */
export interface WhyActions {
  why(query: ConnectionOptions & { name: string }, signal: AbortSignal): Promise<WhyView>;
}

/** The command `why`: what an app waits for or was refused, with the rule. */
export function whyCommand(actions: WhyActions, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("why")
    .description("tell what exactly an app waits for or was refused, and by which rule")
    .argument("<app>", "app/NAME, ks/NAME, hr/NAME or NAME")
    .action(async (name: string, options: ConnectionOptions & { output: OutputFormat }) => {
      const view = await actions.why({ ...options, name }, signal);
      if (options.output === "table") show(view, terminal);
      else terminal.out(formatted(view, options.output));
    });
  return withOutput(withNamespace(command));
}

function show(view: WhyView, terminal: Terminal): void {
  const { paint } = terminal;
  terminal.out(`${paint.bold(view.app)} is ${view.state}\n`);
  if (view.reasons.length === 0) terminal.out("It waits for nothing.\n");
  for (const { rule, blocks, message, advice } of view.reasons) {
    terminal.out(`\n${blocks ? paint.red(rule) : paint.yellow(rule)}: ${plainText(message)}\n`);
    if (advice !== "") terminal.out(`  ${paint.cyan("→")} ${advice}\n`);
  }
}
