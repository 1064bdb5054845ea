import { type Command, InvalidArgumentError, Option } from "commander";
import { stringify } from "yaml";

/** How results are printed: for people, or as the contract's types for programs. */
export type OutputFormat = "table" | "json" | "yaml";

/** Adds `-o`; people's form is the default. */
export function withOutput(command: Command): Command {
  const option = new Option("-o, --output <format>", "table for people; json or yaml for programs").default("table");
  return command.addOption(option.argParser(formatOf));
}

/** The text of a value in a format for programs. */
export function formatted(value: unknown, format: "json" | "yaml"): string {
  return format === "json" ? `${JSON.stringify(value, null, 2)}\n` : stringify(value, { aliasDuplicateObjects: false });
}

function formatOf(text: string): OutputFormat {
  if (text === "table" || text === "json" || text === "yaml") return text;
  throw new InvalidArgumentError("Choose table, json or yaml.");
}
