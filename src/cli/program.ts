import { Command, CommanderError } from "commander";
import manifest from "../../package.json" with { type: "json" };
import { CliError } from "./cli-error.ts";
import { exitCode, type ExitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/** The program with its commands; parsing throws instead of ending the process. */
export function rootProgram(commands: readonly Command[]): Command {
  const program = new Command("holdfast")
    .description("GitOps for Kubernetes: one controller for Flux's and Argo CD's objects")
    .version(`holdfast ${manifest.version}`, "-V, --version", "print the version")
    .enablePositionalOptions()
    .showHelpAfterError("(see --help)")
    .helpCommand(false)
    .addHelpText(
      "after",
      "\nApps are app/NAME, ks/NAME or just NAME. Begin with: holdfast cluster up, then holdfast get",
    );
  for (const command of commands) program.addCommand(command);
  return throwing(program);
}

/** Shows an error with its way out and returns the exit code that it stands for. */
export function showFailure(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
  const message = error instanceof Error ? error.message : String(error);
  terminal.progress(null);
  terminal.note(`${terminal.paint.red("error:")} ${message}`);
  if (!(error instanceof CliError)) return exitCode.failed;
  if (error.advice !== "") terminal.note(error.advice);
  return error.exitCode;
}

function throwing(command: Command): Command {
  command.exitOverride();
  for (const child of command.commands) throwing(child);
  return command;
}
