import { Command } from "commander";
import type { CheckView } from "#contract/check-view.ts";
import { type ConnectionOptions, withCluster } from "./connection-options.ts";
import { exitCode } from "./exit-code.ts";
import { formatted, type OutputFormat, withOutput } from "./output-option.ts";
import type { Terminal } from "./terminal.ts";
import { plainText } from "./terminal.ts";

/** What `check` needs. */
export interface CheckActions {
  check(query: ConnectionOptions, signal: AbortSignal): Promise<readonly CheckView[]>;
}

/** The command `check`: versions, rights, definitions, live rivals, the controller. */
export function checkCommand(actions: CheckActions, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("check")
    .description("check versions, rights, definitions, other controllers and our own; exits 7 on a problem")
    .action(async (options: ConnectionOptions & { output: OutputFormat }) => {
      const checks = await actions.check(options, signal);
      if (options.output !== "table") terminal.out(formatted(checks, options.output));
      else for (const check of checks) show(check, terminal);
      if (checks.some((check) => check.verdict === "problem")) process.exitCode = exitCode.problemsFound;
    });
  return withOutput(withCluster(command));
}

function show({ area, verdict, message, advice }: CheckView, terminal: Terminal): void {
  const { paint } = terminal;
  const mark = { ok: paint.green("✓"), warning: paint.yellow("!"), problem: paint.red("✗") }[verdict];
  terminal.out(`${mark} ${area.padEnd(11)} ${plainText(message)}\n`);
  if (advice !== "") terminal.out(`${" ".repeat(14)}${advice}\n`);
}
