import { Command, Option } from "commander";
import type { Resource } from "#core/resource/resource.ts";
import { type ConnectionOptions, withNamespace } from "./connection-options.ts";
import { formatted } from "./output-option.ts";
import type { Terminal } from "./terminal.ts";
import { yamlDocuments } from "./yaml-documents.ts";

/** Objects as somebody would have written them, and what was left out. */
export interface ExportView {
  readonly objects: readonly Resource[];
  readonly notes: readonly string[];
}

/** What `export` needs. */
export interface ExportActions {
  export(query: ConnectionOptions & { name: string }, signal: AbortSignal): Promise<ExportView>;
}

/** The command `export`: an app and its sources as YAML for a repository. */
export function exportCommand(actions: ExportActions, terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("export")
    .description("print an app and the source objects that it refers to, without status and what servers add")
    .argument("<app>", "app/NAME, ks/NAME, hr/NAME or NAME")
    .addOption(new Option("-o, --output <format>", "yaml or json").choices(["yaml", "json"]).default("yaml"))
    .action(async (name: string, options: ConnectionOptions & { output: "yaml" | "json" }) => {
      const { objects, notes } = await actions.export({ ...options, name }, signal);
      terminal.out(options.output === "yaml" ? yamlDocuments(objects) : formatted(objects, "json"));
      for (const note of notes) terminal.note(note);
    });
  return withNamespace(command);
}
