import { Command, Option } from "commander";
import { CliError } from "./cli-error.ts";
import { evalActionsCommand, type EvalObjectActions } from "./eval-actions.ts";
import type { WindowsView } from "#contract/window-view.ts";
import { evalWindowsCommand, type WindowFiles } from "./windows.ts";
import { valuesCommand, type ValuesAction } from "./eval-values.ts";
import { exitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/** A vendor's rules. */
export type DialectName = "flux" | "argocd";

/** One object's health; `status` is the dialect's own word, null where it has no check. */
export interface HealthLine {
  readonly file: string;
  /** `group/kind/namespace/name` */
  readonly id: string;
  readonly status: string | null;
  readonly message: string;
}

/** A place where an object is not as declared; an empty path is the whole object. */
export interface PathLine {
  readonly id: string;
  readonly path: string;
  readonly kind: "added" | "removed" | "changed";
}

/** Files of a comparison; `-` is standard input. */
export interface DiffFiles {
  readonly dialect: DialectName;
  readonly desired: string;
  readonly live: string;
  readonly ignore?: string;
  /** The installation's ConfigMaps. */
  readonly config?: string;
  /** The app whose own rules count too. */
  readonly app?: string;
}

/** Files of a plan; `app` is the object whose policy counts. */
export interface PlanFiles {
  readonly dialect: DialectName;
  readonly desired: string;
  readonly live: string;
  readonly inventory: string;
  readonly app?: string;
  readonly approve?: string;
}

/** The controller's own pure functions over files. */
export interface EvalActions extends EvalObjectActions {
  health(
    input: { dialect: DialectName; config?: string; files: readonly string[] },
    signal: AbortSignal,
  ): Promise<readonly HealthLine[]>;
  diff(input: DiffFiles, signal: AbortSignal): Promise<readonly PathLine[]>;
  plan(input: PlanFiles, signal: AbortSignal): Promise<unknown>;
  /** Standard input with the environment's variables filled in. */
  envsubst(input: { strict: boolean }, signal: AbortSignal): Promise<string>;
  /** Paths of the files of a directory that a source made of it would hold. */
  sourceignore(directory: string, signal: AbortSignal): Promise<readonly string[]>;
  readonly values: ValuesAction;
  windows(input: WindowFiles, signal: AbortSignal): Promise<WindowsView>;
}

/** The command group `eval`: what the controller would say, without a cluster. */
export function evalCommand(actions: EvalActions, terminal: Terminal, signal: AbortSignal): Command {
  const group = new Command("eval")
    .description(
      "run the controller's own rules on files, offline: " +
        "health, actions, diff, plan, envsubst, sourceignore, values, windows",
    )
    .addHelpText("after", "\nFiles are YAML or JSON with any number of objects; - is standard input.");
  group.addCommand(healthCommand(actions, terminal, signal));
  group.addCommand(diffCommand(actions, terminal, signal));
  group.addCommand(planCommand(actions, terminal, signal));
  group.addCommand(envsubstCommand(actions, terminal, signal));
  group.addCommand(sourceignoreCommand(actions, terminal, signal));
  group.addCommand(evalActionsCommand(actions, terminal, signal));
  group.addCommand(evalWindowsCommand((input, scope) => actions.windows(input, scope), terminal, signal));
  group.addCommand(valuesCommand(actions.values, terminal, signal));
  return group;
}

function healthCommand(actions: EvalActions, terminal: Terminal, signal: AbortSignal): Command {
  const dialects = new Option("--dialect <name>", "whose rules count; with --config those of argocd");
  return new Command("health")
    .addOption(dialects.choices(["flux", "argocd"]))
    .description("print one JSON line with the health of each object")
    .argument("<files...>", "files with live objects; - is standard input")
    .option("--config <file>", "the ConfigMap argocd-cm, whose scripts count; without it: none")
    .action(async (files: string[], options: { dialect?: DialectName; config?: string }) => {
      const { config, dialect = config === undefined ? undefined : "argocd" } = options;
      if (dialect === undefined) throw new CliError("Cannot judge: name --dialect", { exitCode: exitCode.usage });
      const lines = await actions.health({ dialect, files, ...(config !== undefined && { config }) }, signal);
      for (const { file, id, status, message } of lines) {
        terminal.out(`${JSON.stringify({ file, id, status, message })}\n`);
      }
    });
}

function diffCommand(actions: EvalActions, terminal: Terminal, signal: AbortSignal): Command {
  return withDialect(new Command("diff"))
    .description("print the fields that applying would change, as JSON pointers; exits 3 when there are any")
    .requiredOption("--desired <file>", "objects as declared")
    .requiredOption("--live <file>", "objects as the cluster has them")
    .option("--ignore <file>", "what does not count: JSON pointers, one per line, or a list as in ignoreDifferences")
    .option("--config <file>", "the ConfigMaps that say how the installation compares, such as argocd-cm")
    .option("--app <file>", "the Application or Kustomization whose rules count too")
    .addOption(new Option("-o, --output <format>", "text or json").choices(["text", "json"]).default("text"))
    .action(async (options: DiffFiles & { output: "text" | "json" }) => {
      const lines = await actions.diff(options, signal);
      if (options.output === "json") terminal.out(`${JSON.stringify(lines, null, 2)}\n`);
      else terminal.out(pathText(lines));
      if (lines.length > 0) process.exitCode = exitCode.different;
    });
}

function planCommand(actions: EvalActions, terminal: Terminal, signal: AbortSignal): Command {
  return withDialect(new Command("plan"))
    .description("print as JSON what a sync would do: stages, changes, deletion certificates or refusals")
    .requiredOption("--desired <file>", "objects as declared")
    .requiredOption("--live <file>", "objects as the cluster has them")
    .requiredOption("--inventory <file>", "what the app owns: Inventory objects, or the owned objects themselves")
    .option("--app <file>", "the Application or Kustomization; without it: automatic, pruning")
    .option("--approve <digest>", "the digest of held deletions that are approved")
    .action(async (options: PlanFiles) => {
      terminal.out(`${JSON.stringify(await actions.plan(options, signal), null, 2)}\n`);
    });
}

function envsubstCommand(actions: EvalActions, terminal: Terminal, signal: AbortSignal): Command {
  return new Command("envsubst")
    .description("print standard input with ${variables} replaced by those of the environment, as postBuild does")
    .option("--strict", "fail when a variable has neither a value nor a default", false)
    .action(async (options: { strict: boolean }) => terminal.out(await actions.envsubst(options, signal)));
}

function sourceignoreCommand(actions: EvalActions, terminal: Terminal, signal: AbortSignal): Command {
  return new Command("sourceignore")
    .description("print the files of a directory that are left by .sourceignore files or the default rules")
    .argument("<directory>", "the directory that would be the source")
    .action(async (directory: string) => {
      for (const path of await actions.sourceignore(directory, signal)) terminal.out(`${path}\n`);
    });
}

function withDialect(command: Command): Command {
  const option = new Option("--dialect <name>", "whose rules count");
  return command.addOption(option.choices(["flux", "argocd"]).makeOptionMandatory());
}

/** Pointers alone while there is one object, after the object's id otherwise. */
function pathText(lines: readonly PathLine[]): string {
  const several = new Set(lines.map((line) => line.id)).size > 1;
  return lines
    .map(({ id, path }) => `${several || path === "" ? `${id} ` : ""}${path === "" ? '""' : path}\n`)
    .join("");
}
