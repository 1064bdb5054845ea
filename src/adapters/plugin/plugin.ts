import type { FileTree } from "#core/source/file-tree.ts";
import type { PackedFiles } from "./packed-files.ts";
import type { PluginVariable } from "./plugin-messages.ts";

/** What a plugin is to render. */
export interface PluginTask {
  readonly tree: FileTree;
  /** The app's folder. */
  readonly path: string;
  readonly env: readonly PluginVariable[];
  /** The files, packed once for all plugins that are asked. */
  packed(signal: AbortSignal): Promise<PackedFiles>;
}

/** A program that makes manifests of files, and is no part of this one. Its methods throw PluginError. */
export interface Plugin {
  readonly name: string;
  /** Whether it tells of files if they are for it. */
  discovers(signal: AbortSignal): Promise<boolean>;
  supports(task: PluginTask, signal: AbortSignal): Promise<boolean>;
  /** Texts of YAML documents. */
  generate(task: PluginTask, signal: AbortSignal): Promise<readonly string[]>;
}
