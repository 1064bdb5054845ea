import { Command } from "commander";
import manifest from "../../package.json" with { type: "json" };
import { formatted, type OutputFormat, withOutput } from "./output-option.ts";
import type { Terminal } from "./terminal.ts";

/** The command `version`. */
export function versionCommand(terminal: Terminal): Command {
  const command = new Command("version")
    .description("print the version")
    .action((options: { output: OutputFormat }) => {
      const { output } = options;
      if (output === "table") terminal.out(`holdfast ${manifest.version}\n`);
      else terminal.out(formatted({ version: manifest.version, node: process.versions.node }, output));
    });
  return withOutput(command);
}
