import { Command } from "commander";
import { stringify } from "yaml";
import type { SetPreview } from "#contract/set-view.ts";
import type { Resource } from "#core/resource/resource.ts";
import { type ConnectionOptions, withNamespace } from "./connection-options.ts";
import { exitCode } from "./exit-code.ts";
import { formatted, type OutputFormat, withOutput } from "./output-option.ts";
import type { Terminal } from "./terminal.ts";

/** A set in a file and what stands for the world around it. */
export interface SetFiles {
  readonly file: string;
  /** Files with projects and Secrets of clusters. */
  readonly with: readonly string[];
  /** The folder that every repository stands for. */
  readonly source?: string;
}

/** What the commands of sets need. */
export interface SetActions {
  /** What the set in a file makes, and what of it cannot be used. */
  generate(
    input: SetFiles,
    signal: AbortSignal,
  ): Promise<{ readonly made: readonly Resource[]; readonly problems: readonly string[] }>;
  preview(query: PreviewQuery, signal: AbortSignal): Promise<SetPreview>;
}

/** Which set to look at: one of the cluster by name, or as a file says. */
export interface PreviewQuery extends ConnectionOptions {
  readonly name: string | null;
  readonly file: string | null;
}

/** The command group `appset`: what sets of apps make, without making it. */
export function appsetCommand(actions: SetActions, terminal: Terminal, signal: AbortSignal): Command {
  const group = new Command("appset").description(
    "see what ApplicationSets make, without making it: generate, preview",
  );
  group.addCommand(generateCommand(actions, terminal, signal));
  group.addCommand(previewCommand(actions, terminal, signal));
  return group;
}

function generateCommand(actions: SetActions, terminal: Terminal, signal: AbortSignal): Command {
  return new Command("generate")
    .description("print the Applications that the set in a file makes, offline; exits 7 when some cannot be used")
    .requiredOption("-f, --file <file>", "file with an ApplicationSet; - is standard input")
    .option("--with <files...>", "files with projects and Secrets of clusters", [])
    .option("--source <directory>", "the folder that every Git repository stands for")
    .action(async (options: SetFiles) => {
      const { made, problems } = await actions.generate(options, signal);
      for (const app of made) terminal.out(`---\n${stringify(app, { aliasDuplicateObjects: false })}`);
      for (const problem of problems) terminal.note(problem);
      if (problems.length > 0) process.exitCode = exitCode.problemsFound;
    });
}

type PreviewOptions = ConnectionOptions & { readonly file?: string; readonly output: OutputFormat };

function previewCommand(actions: SetActions, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("preview")
    .description("print which Applications a set would create, change and delete now; exits 3 when there are any")
    .argument("[name]", "the ApplicationSet, as it is on the cluster")
    .option("-f, --file <file>", "file with an ApplicationSet, as it would be; - is standard input")
    .action(async (name: string | undefined, options: PreviewOptions) => {
      const preview = await actions.preview({ ...options, name: name ?? null, file: options.file ?? null }, signal);
      const { created, updated, deleted, held, problems } = preview;
      if (options.output === "table") terminal.out(previewText(preview));
      else terminal.out(formatted(preview, options.output));
      for (const problem of problems) terminal.note(problem);
      const count = created.length + updated.length + deleted.length + (held?.names.length ?? 0);
      if (count > 0) process.exitCode = exitCode.different;
    });
  return withOutput(withNamespace(command));
}

function previewText({ set, created, updated, deleted, held }: SetPreview): string {
  const lines = [
    ...created.map((name) => `create ${name}`),
    ...updated.map(({ name, fields }) => `change ${name} (${fields.join(", ")})`),
    ...deleted.map((name) => `delete ${name}`),
    ...(held?.names ?? []).map((name) => `delete ${name}, held back: ${held?.reason}`),
  ];
  return lines.length > 0 ? `${lines.join("\n")}\n` : `${set} would change nothing\n`;
}
