import { Command, Option } from "commander";
import { formatted } from "./output-option.ts";
import type { Terminal } from "./terminal.ts";
import { yamlDocuments } from "./yaml-documents.ts";

/** A file with a HelmRelease, and files with what it takes values from; `-` is standard input. */
export interface ValuesFiles {
  readonly release: string;
  readonly others: readonly string[];
}

/** Merges the values of a release. */
export type ValuesAction = (files: ValuesFiles, signal: AbortSignal) => Promise<object>;

interface Options {
  readonly file: string;
  readonly with: readonly string[];
  readonly output: "yaml" | "json";
}

/** The command `eval values`: what a HelmRelease gives to its chart. */
export function valuesCommand(action: ValuesAction, terminal: Terminal, signal: AbortSignal): Command {
  return new Command("values")
    .description("print the merged values of a HelmRelease, those of Secrets included")
    .requiredOption("-f, --file <file>", "file with the HelmRelease")
    .option("--with <files...>", "files with the ConfigMaps and Secrets that it takes values from", [])
    .addOption(new Option("-o, --output <format>", "yaml or json").choices(["yaml", "json"]).default("yaml"))
    .action(async ({ file, with: others, output }: Options) => {
      const values = await action({ release: file, others }, signal);
      terminal.out(output === "yaml" ? yamlDocuments([values]) : formatted(values, "json"));
    });
}
