import { parseDocument } from "yaml";
import { PluginError } from "./plugin-error.ts";

/** A program and its arguments. */
export type PluginCommand = readonly string[];

/** A plugin that is declared as commands. */
export interface DeclaredPlugin {
  readonly name: string;
  /** Runs before `generate`. */
  readonly init: PluginCommand | null;
  readonly generate: PluginCommand;
  readonly discover: PluginDiscovery | null;
}

/** What tells that files are for a plugin: a file in the app's folder, or what a command prints. */
export type PluginDiscovery = { readonly glob: string } | { readonly command: PluginCommand };

interface Fields {
  readonly kind?: unknown;
  readonly metadata?: { readonly name?: unknown };
  readonly spec?: {
    readonly version?: unknown;
    readonly init?: unknown;
    readonly generate?: unknown;
    readonly discover?: {
      readonly fileName?: unknown;
      readonly find?: { readonly glob?: unknown; readonly command?: unknown };
    };
    readonly provideGitCreds?: unknown;
  };
}

/** Reads a ConfigManagementPlugin. @throws PluginError naming the file and the field */
export function parsePluginDocument(file: string, text: string): DeclaredPlugin {
  const refuse = (problem: string): never => {
    throw new PluginError(`${file}: ${problem}`);
  };
  const document = parseDocument(text);
  if (document.errors[0]) refuse(document.errors[0].message.split("\n")[0] ?? "is no YAML");
  const { kind, metadata, spec = {} } = (document.toJS({ maxAliasCount: 100 }) ?? {}) as Fields;
  if (kind !== "ConfigManagementPlugin") refuse("kind is not ConfigManagementPlugin");
  if (typeof metadata?.name !== "string" || metadata.name === "") return refuse("metadata.name is missing");
  if (spec.provideGitCreds === true) refuse("spec.provideGitCreds is not supported: plugins get no credentials");
  const command = (place: string, fields: unknown): PluginCommand | null => {
    if (fields === undefined || fields === null) return null;
    const { command = [], args = [] } = fields as { command?: unknown; args?: unknown };
    const words = [command, args].flat();
    const isUsable = Array.isArray(command) && words.length > 0 && words.every((word) => typeof word === "string");
    return isUsable ? words : refuse(`${place}.command is no list of words`);
  };
  const name =
    typeof spec.version === "string" && spec.version !== "" ? `${metadata.name}-${spec.version}` : metadata.name;
  const generate = command("spec.generate", spec.generate) ?? refuse("spec.generate is missing");
  const { fileName, find = {} } = spec.discover ?? {};
  const glob = fileName ?? find.glob;
  const found = command("spec.discover.find", find.command === undefined ? undefined : find);
  const discover = typeof glob === "string" && glob !== "" ? { glob } : found ? { command: found } : null;
  return { name, init: command("spec.init", spec.init), generate, discover };
}
