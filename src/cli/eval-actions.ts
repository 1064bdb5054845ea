import { Command, Option } from "commander";
import type { ActionView } from "#contract/action-view.ts";
import { actionTable } from "./actions.ts";
import { formatted, type OutputFormat } from "./output-option.ts";
import { collectParam } from "./param-option.ts";
import type { Terminal } from "./terminal.ts";

/** A file with one object, and the settings that count. */
export interface ActionFile {
  readonly file: string;
  readonly config?: string;
}

/** What `eval actions` needs. */
export interface EvalObjectActions {
  listActions(input: ActionFile, signal: AbortSignal): Promise<readonly ActionView[]>;
  /** The objects as the action wants them, with what is to be done with each. */
  runAction(
    input: ActionFile & { action: string; params: Readonly<Record<string, string>> },
    signal: AbortSignal,
  ): Promise<readonly { operation: "create" | "patch"; resource: unknown }[]>;
}

type Options = { config?: string; run?: string; param: Record<string, string>; output: OutputFormat };

/** The command `eval actions`: what may be done to an object of a file, or what an action makes of it. */
export function evalActionsCommand(actions: EvalObjectActions, terminal: Terminal, signal: AbortSignal): Command {
  const output = new Option("-o, --output <format>", "table (of the list), json or yaml").default("table");
  return new Command("actions")
    .description("print the actions of an object by Argo CD's rules, or with --run what one makes of it")
    .argument("<file>", "a file with one live object; - is standard input")
    .option("--config <file>", "the ConfigMap argocd-cm, whose scripts count; without it: none")
    .option("--run <name>", "the action to do")
    .option("--param <name=value>", "a parameter of the action; may be given several times", collectParam, {})
    .addOption(output.choices(["table", "json", "yaml"]))
    .action(async (file: string, { config, run, param, output: format }: Options) => {
      const input = { file, ...(config !== undefined && { config }) };
      if (run === undefined) {
        const views = await actions.listActions(input, signal);
        terminal.out(format === "table" ? actionTable(views) : formatted(views, format));
        return;
      }
      const made = await actions.runAction({ ...input, action: run, params: param }, signal);
      terminal.out(formatted(made, format === "json" ? "json" : "yaml"));
    });
}
