import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { FileTree } from "#core/source/file-tree.ts";
import { commandPlugin } from "./command-plugin.ts";
import { type PackedFiles, packedFiles } from "./packed-files.ts";
import type { Plugin, PluginTask } from "./plugin.ts";
import { parsePluginDocument } from "./plugin-document.ts";
import { PluginError } from "./plugin-error.ts";
import type { PluginVariable } from "./plugin-messages.ts";
import { sidecar } from "./sidecar.ts";
import { Turns } from "./turns.ts";

/** What is to be rendered, and by which plugin; null: by the one that says that the files are for it. */
export interface PluginRequest {
  readonly tree: FileTree;
  readonly path: string;
  readonly name: string | null;
  readonly env: readonly PluginVariable[];
}

/** So many files are packed, or commands run, at once. */
const AT_ONCE = 2;

/** The plugins that a folder holds: sockets of sidecars (`NAME.sock`) and documents that declare commands (`*.yaml`). */
export class PluginFolder {
  readonly #folder: string;
  /** One that hangs holds up no other. */
  readonly #turns = new Turns(AT_ONCE);

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Texts of manifests; null: no plugin says that the files are for it. @throws PluginError naming the plugin */
  async render(request: PluginRequest, signal: AbortSignal): Promise<readonly string[] | null> {
    const all = await this.#plugins();
    const { name, tree, path, env } = request;
    let packing: Promise<PackedFiles> | undefined;
    const task = { tree, path, env, packed: (scope: AbortSignal) => (packing ??= packedFiles(tree, scope)) };
    if (name === null) {
      for (const plugin of all) {
        if (await this.#takes(plugin, task, signal)) return await this.#generate(plugin, task, signal);
      }
      return null;
    }
    const plugin = all.find((one) => one.name === name);
    const isFor =
      plugin && (!(await told(plugin, () => plugin.discovers(signal))) || (await this.#takes(plugin, task, signal)));
    if (isFor) return await this.#generate(plugin, task, signal);
    const why = plugin ? "its discovery does not find them" : `there is no ${name}.sock and no document of that name`;
    throw new PluginError(
      `couldn't find cmp-server plugin with name "${name}" supporting the given repository: ${why}`,
    );
  }

  async #takes(plugin: Plugin, task: PluginTask, signal: AbortSignal): Promise<boolean> {
    return told(plugin, async () => {
      if (!(await plugin.discovers(signal))) return false;
      return await this.#turns.run(plugin.name, () => plugin.supports(task, signal), signal);
    });
  }

  #generate(plugin: Plugin, task: PluginTask, signal: AbortSignal): Promise<readonly string[]> {
    return told(plugin, () => this.#turns.run(plugin.name, () => plugin.generate(task, signal), signal));
  }

  /** Read anew each time: sidecars come and go. */
  async #plugins(): Promise<readonly Plugin[]> {
    const names = await readdir(this.#folder).catch((cause: unknown) => {
      throw new PluginError(`the folder of plugins cannot be read: ${String(cause)}`, { cause });
    });
    const plugins: Plugin[] = [];
    for (const name of names.sort()) {
      const place = join(this.#folder, name);
      if (name.endsWith(".sock")) plugins.push(sidecar(name.slice(0, -".sock".length), place));
      if (!/\.ya?ml$/.test(name)) continue;
      plugins.push(commandPlugin(parsePluginDocument(name, await readFile(place, "utf8"))));
    }
    return plugins;
  }
}

async function told<T>(plugin: Plugin, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    throw new PluginError(`plugin ${plugin.name}: ${error.message}`, { cause: error });
  }
}
