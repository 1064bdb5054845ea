import { Command, Option } from "commander";
import type { DiffView } from "#contract/diff-view.ts";
import { type ConnectionOptions, withNamespace } from "./connection-options.ts";
import { exitCode } from "./exit-code.ts";
import { formatted, type OutputFormat, withOutput } from "./output-option.ts";
import { paintDiff } from "./paint-diff.ts";
import type { Terminal } from "./terminal.ts";

/** Which app to compare, and with which revision instead of the tracked one. */
export interface DiffQuery extends ConnectionOptions {
  readonly name: string;
  readonly revision?: string;
  /** A checkout whose files count instead. */
  readonly local?: string;
  /** Folder of plugins here. */
  readonly pluginDir?: string;
}

/** What `diff` needs. */
export interface DiffActions {
  diff(query: DiffQuery, signal: AbortSignal): Promise<DiffView>;
}

/** The command `diff`: what a sync would change. */
export function diffCommand(actions: DiffActions, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("diff")
    .description("show what a sync would change now; exits 3 when that is anything")
    .argument("<app>", "app/NAME, ks/NAME, hr/NAME or NAME")
    .option("--revision <revision>", "compare with this commit, branch or tag")
    .option("--plugin-dir <path>", "for an app of a plugin: a folder of plugins here, as the controller has one")
    .addOption(
      new Option("--local <directory>", "compare with a checkout of the app's repository here").conflicts("revision"),
    )
    .action(async (name: string, options: Omit<DiffQuery, "name"> & { output: OutputFormat }) => {
      const view = await actions.diff({ ...options, name }, signal);
      if (options.output === "table") show(view, terminal);
      else terminal.out(formatted(view, options.output));
      if (view.objects.length + view.refusals.length > 0) process.exitCode = exitCode.different;
    });
  return withOutput(withNamespace(command));
}

function show(view: DiffView, terminal: Terminal): void {
  const { paint } = terminal;
  for (const { id, change, text } of view.objects) {
    const word = change === "run" ? "would run" : change;
    terminal.out(`${paint.bold(`${word} ${id}`)}\n${text === "" ? "" : paintDiff(text, paint)}`);
  }
  for (const refusal of view.refusals) terminal.out(`${paint.red("refused")} ${refusal}\n`);
  const count = view.objects.length + view.refusals.length;
  if (count > 0) return;
  const marks = view.marked > 0 ? `; adopting it labels ${view.marked} objects and changes nothing else` : "";
  const commit = /^[0-9a-f]{40,}$/.test(view.commit) ? view.commit.slice(0, 10) : view.commit;
  terminal.note(`${view.app} is as declared at ${commit}${marks}`);
}
